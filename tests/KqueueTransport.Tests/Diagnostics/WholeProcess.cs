namespace KqueueTransport.Tests.Diagnostics;

/// <summary>
/// Tests that read what the whole process measures. Alone, because the OpenTelemetry SDK drops an instrument as soon as
/// any meter of that name is disposed, and event counters are sums over all servers.
/// </summary>
[CollectionDefinition(nameof(WholeProcess), DisableParallelization = true)]
public sealed class WholeProcess;
