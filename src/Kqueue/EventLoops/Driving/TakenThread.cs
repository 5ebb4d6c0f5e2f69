namespace Kqueue.EventLoops.Driving;

/// <summary>
/// A thread as a driver has taken it, which is how every handler finds it: what one leaves behind, the next does not
/// see. The thread pool does the same between its work items. The driving thread's own.
/// </summary>
internal readonly struct TakenThread
{
    private readonly Thread _thread;

    // Also the culture, which is part of it. Null where the flow was suppressed.
    private readonly ExecutionContext? _context;

    private readonly SynchronizationContext? _synchronization;
    private readonly string? _name;
    private readonly ThreadPriority _priority;
    private readonly bool _isBackground;

    private TakenThread(Thread thread)
    {
        _thread = thread;
        _context = ExecutionContext.Capture();
        _synchronization = SynchronizationContext.Current;
        _name = thread.Name;
        _priority = thread.Priority;
        _isBackground = thread.IsBackground;
    }

    public static TakenThread Current() => new(Thread.CurrentThread);

    /// <summary>Undoes what a handler has changed.</summary>
    public void GiveBack()
    {
        if (ExecutionContext.Capture() != _context && _context is not null)
        {
            ExecutionContext.Restore(_context);
        }

        if (SynchronizationContext.Current != _synchronization)
        {
            SynchronizationContext.SetSynchronizationContext(_synchronization);
        }

        if (!ReferenceEquals(_thread.Name, _name))
        {
            _thread.Name = _name;
        }

        if (_thread.Priority != _priority)
        {
            _thread.Priority = _priority;
        }

        if (_thread.IsBackground != _isBackground)
        {
            _thread.IsBackground = _isBackground;
        }
    }
}
