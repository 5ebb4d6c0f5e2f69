namespace KqueueTransport;

/// <summary>What becomes of connections beyond a limit of their endpoint.</summary>
public enum OverLimit
{
    /// <summary>
    /// They wait in the kernel, as many as <see cref="KqueueEndPointOptions.Backlog"/> says, until there is room.
    /// </summary>
    Wait,

    /// <summary>They are reset, so that their peers know at once and can go elsewhere.</summary>
    Reset,
}
