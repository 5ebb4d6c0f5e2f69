namespace Common;

/// <summary>Suites that count what the process holds, or that load the machine: nothing runs beside them.</summary>
[CollectionDefinition(DisableParallelization = true)]
public sealed class Alone;
