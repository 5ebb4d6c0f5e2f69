namespace Bench.Cases;

/// <summary>Cases that measure the same things and so share a table.</summary>
internal enum CaseGroup
{
    /// <summary>Requests without a pause.</summary>
    Load,

    /// <summary>As many requests on every server, and how long each waits for its answer.</summary>
    Latency,

    /// <summary>Handlers that block their thread.</summary>
    Blocking,

    /// <summary>Processes that have just started.</summary>
    Start,

    /// <summary>Connections on which nothing happens.</summary>
    Idle,
}
