namespace Bench.Servers;

/// <summary>What a server's process has used so far, or between two looks.</summary>
/// <param name="Cpu">User and system time.</param>
/// <param name="Switches">Context switches of its threads.</param>
/// <param name="AllocatedBytes">What its runtime allocated; 0 where there is none.</param>
/// <param name="CompiledMethods">How many methods its runtime compiled.</param>
/// <param name="BusyTicks">Time of all processors that were busy, with whatever.</param>
/// <param name="AllTicks">Time of all processors.</param>
internal readonly record struct ServerCounters(
    TimeSpan Cpu, long Switches, long AllocatedBytes, long CompiledMethods, long BusyTicks, long AllTicks)
{
    /// <summary>The share of the processors that was busy.</summary>
    public double Busy => (double)BusyTicks / AllTicks;

    public static ServerCounters operator -(ServerCounters after, ServerCounters before) => new(
        after.Cpu - before.Cpu,
        after.Switches - before.Switches,
        after.AllocatedBytes - before.AllocatedBytes,
        after.CompiledMethods - before.CompiledMethods,
        after.BusyTicks - before.BusyTicks,
        after.AllTicks - before.AllTicks);
}
