using System.Net;
using System.Runtime.InteropServices;
using KqueueTransport.Sockets.Addresses;

namespace KqueueTransport.Connections.Accepting;

/// <summary>
/// How many connections each network has open. It grows with what is open, however many addresses come and go. Any
/// thread, under a lock of its own.
/// </summary>
internal sealed class ConnectionsByAddress(int max, int ipv4Length, int ipv6Length)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<UInt128, int> _counts = [];

    // By the connection, because middleware may replace its end point, and most endpoints count nobody's addresses.
    private readonly Dictionary<Connection, UInt128> _networks = [];

    /// <summary>The networks that have connections.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _counts.Count;
            }
        }
    }

    /// <summary>Whether a peer's network has as many connections as one may have. IP only.</summary>
    public bool IsFull(SocketAddress peer)
    {
        if (!AddressPrefix.TryParse(peer, ipv4Length, ipv6Length, out var network))
        {
            return false;
        }

        lock (_gate)
        {
            return _counts.GetValueOrDefault(network) >= max;
        }
    }

    public void Add(Connection connection, SocketAddress peer)
    {
        if (AddressPrefix.TryParse(peer, ipv4Length, ipv6Length, out var network))
        {
            lock (_gate)
            {
                // Either may find no memory, and then counts nothing.
                ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(_counts, network, out _);
                _networks.Add(connection, network);
                count++;
            }
        }
    }

    public void Remove(Connection connection)
    {
        lock (_gate)
        {
            if (!_networks.Remove(connection, out var network))
            {
                return;
            }

            if (--_counts[network] == 0)
            {
                _counts.Remove(network);
            }

            Shrink(_counts);
            Shrink(_networks);
        }
    }

    // A dictionary keeps the room of its largest day.
    private static void Shrink<TKey, TValue>(Dictionary<TKey, TValue> dictionary)
        where TKey : notnull
    {
        if (dictionary.Count < dictionary.Capacity / 4)
        {
            dictionary.TrimExcess(dictionary.Capacity / 2);
        }
    }
}
