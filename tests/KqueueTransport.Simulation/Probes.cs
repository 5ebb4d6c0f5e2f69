using Kqueue;
using Kqueue.EventLoops;
using KqueueTransport.Simulation.Actors;
using KqueueTransport.Simulation.Kernel;

namespace KqueueTransport.Simulation;

/// <summary>
/// Registers descriptors beside the connections, one after the other, and sees to it that each hears of its own
/// events, of every one, on one thread at a time, and of none after its end. And that posted work runs once.
/// </summary>
internal sealed class Probes(SimulatedKernel kernel, IReadOnlyList<EventLoop> loops)
{
    private const int FirstId = 1000;

    /// <summary>An actor's body.</summary>
    public void Run()
    {
        var count = kernel.Random.Next(12);
        for (var id = FirstId; id < FirstId + count; id++)
        {
            var loop = loops[kernel.Random.Next(loops.Count)];
            RunOne(new SimulatedProbe(id), loop);
            PostOne(loop);
            kernel.Scheduler.Stall(kernel.Random.Next(100));
        }
    }

    private void RunOne(SimulatedProbe probe, EventLoop loop)
    {
        var descriptor = kernel.TakeDescriptor(probe);
        if (descriptor < 0)
        {
            return;
        }

        var handler = new Handler(kernel.Scheduler, probe, ChooseStall());
        handler.Registration = loop.Register(descriptor, handler);
        handler.Registration.Arm(KEventFilter.Read, KEventFlags.Clear);
        for (var signals = kernel.Random.Next(3); signals > 0 && !handler.IsDisposed; signals--)
        {
            var seen = handler.Events;
            probe.IsReadable = true;
            kernel.Changed(descriptor, KEventFilter.Read);
            kernel.Scheduler.WaitUntil(() => handler.Events > seen);
        }

        handler.Dispose();
        kernel.Scheduler.Yield();
        kernel.Calls.Close(descriptor);
    }

    private void PostOne(EventLoop loop)
    {
        var work = new Work(kernel.Scheduler, ChooseStall());
        loop.Post(work);
        kernel.Scheduler.WaitUntil(() => work.Runs > 0);
    }

    // Long enough, in some, for a hand-over.
    private int ChooseStall() => kernel.Random.Next(2) * kernel.Random.Next(300);

    private sealed class Handler(Scheduler scheduler, SimulatedProbe probe, int stall) : IEventHandler, IDisposable
    {
        public Registration? Registration { get; set; }

        public int Events { get; private set; }

        public bool IsDisposed { get; private set; }

        private bool IsRunning { get; set; }

        public void OnEvent(in KEvent kevent)
        {
            if (IsRunning)
            {
                scheduler.Fail($"Probe {probe.Id} has two threads.");
            }

            // One that was claimed before may come to its handler after the end, where there is a moment between.
            if (IsDisposed && Registration!.Loop.QueueDelays is not Moments)
            {
                scheduler.Fail($"Probe {probe.Id} hears of an event after its end.");
            }

            if (kevent.Data != probe.Id)
            {
                scheduler.Fail($"Probe {probe.Id} hears of an event of {kevent.Data}.");
            }

            IsRunning = true;
            Events++;
            probe.IsReadable = false;
            scheduler.Stall(stall);
            IsRunning = false;
        }

        public void Dispose()
        {
            Registration!.Dispose();
            IsDisposed = true;
        }
    }

    private sealed class Work(Scheduler scheduler, int stall) : IThreadPoolWorkItem
    {
        public int Runs { get; private set; }

        public void Execute()
        {
            if (++Runs > 1)
            {
                scheduler.Fail("Posted work runs twice.");
            }

            scheduler.Stall(stall);
        }
    }
}
