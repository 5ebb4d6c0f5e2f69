using System.Globalization;

namespace Kqueue.Tests.EventLoops;

/// <summary>The watch sleeps while nothing is to be watched.</summary>
public sealed class GroupWatchTests : GroupSuite
{
    // Goal: an idle group causes no periodic wake-ups. Method: the kernel counts how often the watch gave up its core;
    // a watch that looks every 20 ms cannot hold the count still for a quarter of a second.
    [Fact]
    public void Watch_AllLoopsWait_Sleeps()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the counters are those of Linux's /proc");
        var loop = StartGroup().Loop;
        using var ran = new ManualResetEventSlim();
        loop.Post(new WorkAction(ran.Set));
        Until.IsSet(ran, "The work does not run.");

        Until.Holds(IsWatchQuiet, "The watch does not sleep.");

        // Parked as it is, it is there when it is needed.
        using var served = new ManualResetEventSlim();
        loop.Post(new WorkAction(Block));
        loop.Post(new WorkAction(served.Set));
        Until.IsSet(served, "The watch does not wake.");
    }

    private static bool IsWatchQuiet()
    {
        var before = SwitchesOfTheWatch();
        Thread.Sleep(250);
        return SwitchesOfTheWatch() == before;
    }

    /// <summary>Voluntary context switches of every watch in the process: groups of other tests are gone.</summary>
    private static long SwitchesOfTheWatch() => Directory.GetDirectories("/proc/self/task")
        .Where(task => Read(task, "comm") is ["kqueue watch"])
        .Sum(task => long.Parse(
            Read(task, "status")
                .Single(line => line.StartsWith("voluntary_ctxt_switches:", StringComparison.Ordinal))
                .Split(':')[1],
            CultureInfo.InvariantCulture));

    private static string[] Read(string task, string file)
    {
        try
        {
            return File.ReadAllLines(Path.Combine(task, file));
        }
        catch (IOException)
        {
            return []; // The thread has ended: ENOENT at the open, ESRCH at the read.
        }
    }
}
