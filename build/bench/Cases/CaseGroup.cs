namespace Bench.Cases;

/// <summary>Cases that measure the same things and so share a table.</summary>
internal enum CaseGroup
{
    /// <summary>Requests without a pause.</summary>
    Load,

    /// <summary>Handlers that block their thread.</summary>
    Blocking,

    /// <summary>Connections on which nothing happens.</summary>
    Idle,
}
