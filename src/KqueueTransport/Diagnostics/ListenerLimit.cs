namespace KqueueTransport.Diagnostics;

/// <summary>What keeps a listener from taking a connection.</summary>
internal enum ListenerLimit
{
    /// <summary>The process's descriptors.</summary>
    Descriptors,

    /// <summary><see cref="KqueueEndPointOptions.ConnectionsMax"/>.</summary>
    Connections,

    /// <summary><see cref="KqueueEndPointOptions.AcceptsPerSecond"/>.</summary>
    Rate,

    /// <summary><see cref="KqueueEndPointOptions.ConnectionsPerAddressMax"/>.</summary>
    Address,
}
