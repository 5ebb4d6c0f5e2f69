using System.Runtime.CompilerServices;

namespace Kqueue.EventLoops;

/// <summary>What <see cref="EventLoop.SwitchTo"/> gives to <see langword="await"/>.</summary>
public readonly struct LoopAwaitable : ICriticalNotifyCompletion
{
    private readonly EventLoop _loop;

    internal LoopAwaitable(EventLoop loop) => _loop = loop;

    /// <summary>Whether the calling thread drives the loop already.</summary>
    public bool IsCompleted => EventLoop.Current == _loop;

    /// <summary>For the compiler.</summary>
    public LoopAwaitable GetAwaiter() => this;

    /// <summary>For the compiler: there is no result.</summary>
    public void GetResult()
    {
    }

    /// <summary>Runs the continuation on the loop, in its caller's execution context.</summary>
    public void OnCompleted(Action continuation)
    {
        var context = ExecutionContext.Capture();
        UnsafeOnCompleted(context is null
            ? continuation
            : () => ExecutionContext.Run(context, static state => ((Action)state!)(), continuation));
    }

    /// <summary>Runs the continuation on the loop.</summary>
    public void UnsafeOnCompleted(Action continuation)
    {
        ArgumentNullException.ThrowIfNull(continuation);
        _loop.Post(static state => ((Action)state!)(), continuation);
    }
}
