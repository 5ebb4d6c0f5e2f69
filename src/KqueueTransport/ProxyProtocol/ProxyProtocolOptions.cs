using System.Net;

namespace KqueueTransport.ProxyProtocol;

/// <summary>From whom an endpoint takes the PROXY protocol, and how long it waits for it.</summary>
public sealed class ProxyProtocolOptions
{
    /// <summary>
    /// The networks of the proxies. Whoever is believed can give any address as its client's, so name proxies only. A
    /// peer on a Unix socket is always a proxy: the socket's file says who may connect.
    /// </summary>
    /// <remarks>Defaults to the loopback networks, 127.0.0.0/8 and ::1.</remarks>
    public IList<IPNetwork> TrustedNetworks { get; } =
        [new IPNetwork(new IPAddress([127, 0, 0, 0]), 8), new IPNetwork(IPAddress.IPv6Loopback, 128)];

    /// <summary>
    /// Whether peers outside of the networks are served as they are, without a header. A header that they send is then
    /// taken for their first bytes.
    /// </summary>
    /// <remarks>Defaults to false: they are reset.</remarks>
    public bool AllowDirectConnections { get; set; }

    /// <summary>How long a proxy has for its header; a connection without one is reset then.</summary>
    /// <remarks>Defaults to 5 seconds. More than 0, up to a day.</remarks>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How many bytes a header may have; one that is longer is refused.</summary>
    /// <remarks>
    /// Defaults to 4,096 bytes. From 232, which a header without additional values may need, to 65,551.
    /// </remarks>
    public int MaxHeaderSize { get; set; } = 4096;

    internal void Check()
    {
        if (Timeout <= TimeSpan.Zero || Timeout > TimeSpan.FromDays(1))
        {
            throw new ArgumentException(
                $"{nameof(Timeout)} is {Timeout}. Write a time of more than 0 and at most a day.");
        }

        if (MaxHeaderSize is < 232 or > ProxyProtocolBinary.FixedLength + ushort.MaxValue)
        {
            throw new ArgumentException(
                $"{nameof(MaxHeaderSize)} is {MaxHeaderSize}. Write a number of bytes from 232 to 65551.");
        }
    }
}
