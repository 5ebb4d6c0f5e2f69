using System.Net.Sockets;
using System.Text;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Sockets;

/// <summary>The options of an endpoint as setsockopt(2) takes them, in the order in which they are set.</summary>
internal static class SocketOptions
{
    extension(KqueueEndPointOptions options)
    {
        /// <summary>What there is to set on a TCP connection's descriptor.</summary>
        /// <param name="family">Its version of IP.</param>
        /// <param name="numbers">The system's numbers.</param>
        public SocketOption[] OfConnection(AddressFamily family, SocketNumbers numbers)
        {
            List<SocketOption> set = [];
            var (socket, tcp) = (numbers.SOL_SOCKET, SocketNumbers.IPPROTO_TCP);

            // Off is the systems' default, and SO_KEEPALIVE goes before what refines it.
            Add(nameof(options.NoDelay), tcp, SocketNumbers.TCP_NODELAY, options.NoDelay ? 1 : null);
            Add(nameof(options.KeepAlive), socket, numbers.SO_KEEPALIVE, options.KeepAlive ? 1 : null);
            Add(nameof(options.KeepAliveTime), tcp, numbers.TCP_KEEPIDLE, Seconds(options.KeepAliveTime));
            Add(nameof(options.KeepAliveInterval), tcp, numbers.TCP_KEEPINTVL, Seconds(options.KeepAliveInterval));
            Add(nameof(options.KeepAliveProbes), tcp, numbers.TCP_KEEPCNT, options.KeepAliveProbes);
            Add(nameof(options.ReceiveBufferSize), socket, numbers.SO_RCVBUF, options.ReceiveBufferSize);
            Add(nameof(options.SendBufferSize), socket, numbers.SO_SNDBUF, options.SendBufferSize);
            Add(nameof(options.ReceiveLowWater), socket, numbers.SO_RCVLOWAT, options.ReceiveLowWater);
            Add(nameof(options.NotSentLowWater), tcp, numbers.TCP_NOTSENT_LOWAT, options.NotSentLowWater);
            Add(
                nameof(options.UserTimeout),
                tcp,
                numbers.TCP_USER_TIMEOUT,
                (int?)options.UserTimeout?.TotalMilliseconds);
            AddName(nameof(options.CongestionControl), tcp, numbers.TCP_CONGESTION, options.CongestionControl);
            Add(nameof(options.Mark), socket, numbers.SO_MARK, (int?)options.Mark);
            AddName(nameof(options.BoundDevice), socket, numbers.SO_BINDTODEVICE, options.BoundDevice);

            // One of IPv6 may have IPv4 peers, for whom Linux goes by the option of IPv4; a BSD does not take that
            // there.
            var isIPv6 = family == AddressFamily.InterNetworkV6;
            if (!isIPv6 || numbers.TakesIPv4OptionsOnIPv6)
            {
                Add(nameof(options.TypeOfService), SocketNumbers.IPPROTO_IP, numbers.IP_TOS, options.TypeOfService);
            }

            if (isIPv6)
            {
                Add(
                    nameof(options.TypeOfService),
                    SocketNumbers.IPPROTO_IPV6,
                    numbers.IPV6_TCLASS,
                    options.TypeOfService);
            }

            return [.. set];

            void Add(string name, int level, int number, int? value)
            {
                if (value is { } given)
                {
                    set.Add(new SocketOption(name, level, number, given));
                }
            }

            void AddName(string name, int level, int number, string? value)
            {
                if (value is not null)
                {
                    set.Add(new SocketOption(name, level, number, Encoding.ASCII.GetBytes(value)));
                }
            }
        }

        /// <summary>Whether accepted sockets are known to have those options of their listen socket.</summary>
        public bool AreInherited(SocketNumbers numbers) =>
            numbers.InheritsTcpOptions && (options.TypeOfService is null || numbers.InheritsTypeOfService);

        /// <summary>What has to be set on a listen socket before bind(2).</summary>
        /// <param name="family">Its version of IP, if it is of any.</param>
        /// <param name="numbers">The system's numbers.</param>
        public IEnumerable<SocketOption> BeforeBind(AddressFamily family, SocketNumbers numbers)
        {
            if (options.SharePort)
            {
                yield return new(nameof(options.SharePort), numbers.SOL_SOCKET, numbers.BalancingReusePort, 1);
            }

            // A restart need not wait for TIME_WAIT. Socket sets it by itself only for TCP.
            yield return new(nameof(numbers.SO_REUSEADDR), numbers.SOL_SOCKET, numbers.SO_REUSEADDR, 1);

            // Sockets of two devices may have one port (Linux inet_bind_conflict).
            if (options.BoundDevice is { } device &&
                family is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)
            {
                const string Name = nameof(options.BoundDevice);
                yield return new(Name, numbers.SOL_SOCKET, numbers.SO_BINDTODEVICE, Encoding.ASCII.GetBytes(device));
            }
        }

        /// <summary>
        /// What has to be set after listen(2): macOS refuses fast open before, FreeBSD an accept filter (XNU
        /// tcp_usrreq.c, tcp_ctloutput; accept_filter(9)).
        /// </summary>
        public IEnumerable<SocketOption> AfterListen(SocketNumbers numbers)
        {
            if (options.FastOpenQueueLength is > 0 and var length)
            {
                yield return new(
                    nameof(options.FastOpenQueueLength),
                    SocketNumbers.IPPROTO_TCP,
                    numbers.TCP_FASTOPEN,
                    numbers.FastOpenTakesLength ? length : 1);
            }

            if (Seconds(options.DeferAccept) is { } seconds)
            {
                const string Name = nameof(options.DeferAccept);
                yield return numbers.SO_ACCEPTFILTER != 0
                    ? new(Name, numbers.SOL_SOCKET, numbers.SO_ACCEPTFILTER, AcceptFilter("dataready"u8))
                    : new(Name, SocketNumbers.IPPROTO_TCP, numbers.TCP_DEFER_ACCEPT, seconds);
            }
        }
    }

    private static int? Seconds(TimeSpan? time) => (int?)time?.TotalSeconds;

    // struct accept_filter_arg: af_name[16] and af_arg[240] (FreeBSD sys/socket.h).
    private static byte[] AcceptFilter(ReadOnlySpan<byte> name)
    {
        var filter = new byte[256];
        name.CopyTo(filter);
        return filter;
    }
}
