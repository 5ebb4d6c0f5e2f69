using Bench.Cases;
using Bench.Servers;

namespace Bench.Runs;

/// <summary>A case, a server for it, and in which round.</summary>
internal sealed record PlannedRun(BenchCase Case, BenchServer Server, int Round);
