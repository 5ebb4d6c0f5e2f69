using Bench.Servers;
using Bench.Tools;

namespace Bench.Cases;

/// <summary>One window of a case.</summary>
/// <param name="Server">The server that is measured.</param>
/// <param name="Process">A warm process of it; null in a case that starts its own.</param>
/// <param name="Setting">How processes of it are started.</param>
/// <param name="Tools">What loads it.</param>
/// <param name="Duration">How long it is measured.</param>
internal sealed record CaseRun(
    BenchServer Server, ServerProcess? Process, ServerSetting Setting, LoadTools Tools, TimeSpan Duration);
