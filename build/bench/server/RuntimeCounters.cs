using System.Globalization;
using System.Runtime;

namespace BenchServer;

/// <summary>What the runtime has counted since the process began.</summary>
internal static class RuntimeCounters
{
    /// <summary>Bytes that were allocated, and methods that were compiled.</summary>
    public static string Read() => string.Create(
        CultureInfo.InvariantCulture, $"{GC.GetTotalAllocatedBytes()} {JitInfo.GetCompiledMethodCount()}");
}
