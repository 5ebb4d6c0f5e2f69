using Kqueue;
using Kqueue.Interop;

namespace KqueueTransport.Simulation.Actors;

/// <summary>
/// Keeps the calling thread, and those that it starts, on one processor where the system can. One of a run's threads
/// runs at a time, and a baton that goes to another processor is late: that one sleeps, or does something else.
/// </summary>
internal sealed class OneProcessor : IDisposable
{
    // The same for all, because actors' threads stay where their first run has put them.
    private static readonly int s_processor = Thread.GetCurrentProcessorId();

    private readonly byte[] _before = new byte[128];

    public OneProcessor()
    {
        if (OperatingSystem.IsLinux() && Libc.GetProcessors(_before) == Errno.None)
        {
            var mask = new byte[_before.Length];
            mask[s_processor / 8] = (byte)(1 << (s_processor % 8));
            _ = Libc.SetProcessors(mask);
        }
    }

    public void Dispose()
    {
        if (OperatingSystem.IsLinux())
        {
            _ = Libc.SetProcessors(_before);
        }
    }
}
