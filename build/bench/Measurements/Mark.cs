namespace Bench.Measurements;

/// <summary>Why a ratio says less than it seems to.</summary>
[Flags]
internal enum Mark
{
    None = 0,

    /// <summary>The interval is wider than what would be worth knowing.</summary>
    Wide = 1,

    /// <summary>The threads of the load tool were what limited the rate.</summary>
    Client = 2,

    /// <summary>Processors had nothing to do, although there was no end of requests.</summary>
    Idle = 4,

    /// <summary>Single windows failed.</summary>
    Failed = 8,

    /// <summary>The servers' code was still being compiled.</summary>
    Cold = 16,
}
