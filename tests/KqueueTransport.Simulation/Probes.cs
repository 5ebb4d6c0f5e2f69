using Kqueue;
using Kqueue.EventLoops;
using KqueueTransport.Simulation.Actors;
using KqueueTransport.Simulation.Kernel;

namespace KqueueTransport.Simulation;

/// <summary>
/// Registers descriptors beside the connections, one after the other, and sees to it that each hears of its own
/// events, of every one, and of none after its end.
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
            RunOne(new SimulatedProbe(id), loops[kernel.Random.Next(loops.Count)]);
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

        var handler = new Handler(kernel.Scheduler, probe);
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

    private sealed class Handler(Scheduler scheduler, SimulatedProbe probe) : IEventHandler, IDisposable
    {
        public Registration? Registration { get; set; }

        public int Events { get; private set; }

        public bool IsDisposed { get; private set; }

        public void OnEvent(in KEvent kevent)
        {
            if (IsDisposed)
            {
                scheduler.Fail($"Probe {probe.Id} hears of an event after its end.");
            }

            if (kevent.Data != probe.Id)
            {
                scheduler.Fail($"Probe {probe.Id} hears of an event of {kevent.Data}.");
            }

            Events++;
            probe.IsReadable = false;
            scheduler.Yield();
        }

        public void Dispose()
        {
            Registration!.Dispose();
            IsDisposed = true;
        }
    }
}
