namespace FileSwarm;

/// <summary>What carries the chunks; control messages take the other one.</summary>
internal enum Protocol
{
    Tcp = 1,
    Udp = 2,
}
