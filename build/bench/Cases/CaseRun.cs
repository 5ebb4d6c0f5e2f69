using Bench.Servers;
using Bench.Tools;

namespace Bench.Cases;

/// <summary>One run of a case.</summary>
/// <param name="Server">The server, just started.</param>
/// <param name="Tools">What loads it.</param>
/// <param name="Warmup">How long the server is loaded before it is measured.</param>
/// <param name="Duration">How long it is measured.</param>
internal sealed record CaseRun(ServerProcess Server, LoadTools Tools, TimeSpan Warmup, TimeSpan Duration);
