using System.Threading.Tasks.Sources;

namespace KqueueTransport.Connections;

/// <summary>What goes on after an await: the application's code. The default is none.</summary>
internal readonly struct Continuation
{
    private static readonly ContextCallback s_run = static state => ((Continuation)state!).Invoke();

    private readonly Action<object?>? _action;
    private readonly object? _state;
    private readonly ExecutionContext? _context;

    /// <param name="action">The code.</param>
    /// <param name="state">What it is called with.</param>
    /// <param name="flags">Whether it runs in the calling thread's execution context.</param>
    public Continuation(Action<object?> action, object? state, ValueTaskSourceOnCompletedFlags flags)
    {
        _action = action;
        _state = state;
        _context = (flags & ValueTaskSourceOnCompletedFlags.FlowExecutionContext) != 0
            ? ExecutionContext.Capture()
            : null;
    }

    public bool IsNone => _action is null;

    /// <summary>Runs it on this thread. Never under a lock.</summary>
    public void Run()
    {
        if (_context is null)
        {
            Invoke();
        }
        else
        {
            // An async method brings its context by itself: this is for awaiters that somebody drives by hand.
            ExecutionContext.Run(_context, s_run, this);
        }
    }

    private void Invoke() => _action?.Invoke(_state);
}
