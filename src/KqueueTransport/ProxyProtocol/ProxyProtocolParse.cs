namespace KqueueTransport.ProxyProtocol;

/// <summary>What the first bytes of a connection are.</summary>
internal enum ProxyProtocolParse
{
    /// <summary>The begin of a header.</summary>
    Incomplete,

    /// <summary>A header, and perhaps more behind it.</summary>
    Complete,

    /// <summary>No header, whatever may come.</summary>
    Malformed,
}
