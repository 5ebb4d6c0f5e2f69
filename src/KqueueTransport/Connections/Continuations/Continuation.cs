using System.Threading.Tasks.Sources;

namespace KqueueTransport.Connections.Continuations;

/// <summary>What goes on after an await: the application's code. The default is none.</summary>
internal readonly struct Continuation
{
    private readonly Action<object?>? _action;
    private readonly object? _state;

    /// <param name="action">The code.</param>
    /// <param name="state">What it is called with.</param>
    /// <param name="flags">Whether it runs in the calling thread's execution context.</param>
    public Continuation(Action<object?> action, object? state, ValueTaskSourceOnCompletedFlags flags)
    {
        // An async method brings its context by itself: this is for awaiters that somebody drives by hand.
        _action = (flags & ValueTaskSourceOnCompletedFlags.FlowExecutionContext) != 0
            ? InContextOfCaller(action)
            : action;
        _state = state;
    }

    public bool IsNone => _action is null;

    /// <summary>Runs it on this thread. Never under a lock.</summary>
    public void Run() => _action?.Invoke(_state);

    private static Action<object?> InContextOfCaller(Action<object?> action) =>
        ExecutionContext.Capture() is { } context
            ? state => ExecutionContext.Run(context, new ContextCallback(action), state)
            : action;
}
