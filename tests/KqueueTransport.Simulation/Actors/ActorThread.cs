using System.Collections.Concurrent;

namespace KqueueTransport.Simulation.Actors;

/// <summary>A thread that actors of one run after the other borrow: each run needs several.</summary>
internal sealed class ActorThread
{
    private static readonly ConcurrentStack<ActorThread> s_idle = new();

    private readonly SemaphoreSlim _called = new(0);
    private Action? _body;

    private ActorThread() => new Thread(Loop) { Name = "simulation", IsBackground = true }.Start();

    public static void Run(Action body)
    {
        var thread = s_idle.TryPop(out var idle) ? idle : new ActorThread();
        thread._body = body;
        thread._called.Release();
    }

    private void Loop()
    {
        while (true)
        {
            _called.Wait();
            _body!();
            _body = null;
            s_idle.Push(this);
        }
    }
}
