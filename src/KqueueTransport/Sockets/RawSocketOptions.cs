using System.Net.Sockets;
using System.Runtime.InteropServices;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Sockets;

/// <summary>Sets the options of a listen socket by the numbers that one system gives them.</summary>
internal readonly struct RawSocketOptions(Socket socket, SocketNumbers numbers)
{
    // struct accept_filter_arg: af_name[16] and af_arg[240] (FreeBSD sys/socket.h).
    private const int AcceptFilterBytes = 256;

    /// <summary>Whether accepted sockets are known to have these options of their listen socket.</summary>
    public bool AreInherited(SocketOptions options) =>
        numbers.InheritsTcpOptions && (options.TypeOfService is null || numbers.InheritsTypeOfService);

    /// <summary>Keeps sends from raising SIGPIPE where no flag of the call does; accepted sockets inherit it.</summary>
    public void NoSigPipe()
    {
        if (numbers.SO_NOSIGPIPE != 0)
        {
            Set(numbers.SOL_SOCKET, numbers.SO_NOSIGPIPE, 1, nameof(numbers.SO_NOSIGPIPE));
        }
    }

    /// <summary>Before bind(2).</summary>
    public void ReuseAddress() => Set(numbers.SOL_SOCKET, numbers.SO_REUSEADDR, 1, nameof(numbers.SO_REUSEADDR));

    /// <summary>Before bind(2).</summary>
    public void SharePort() => Set(
        numbers.SOL_SOCKET,
        Require(numbers.BalancingReusePort, nameof(KqueueEndPointOptions.SharePort)),
        1,
        nameof(KqueueEndPointOptions.SharePort));

    /// <summary>What connections get.</summary>
    public void Set(SocketOptions options)
    {
        foreach (var option in SocketOptionNumbers.Of(socket.AddressFamily, numbers))
        {
            if (option.ValueIn(options) is { } value)
            {
                Set(option.LevelIn(numbers), Require(option.NumberIn(numbers), option.Name), value.Bytes, option.Name);
            }
        }
    }

    /// <summary>After listen(2): macOS refuses it before (XNU tcp_usrreq.c, tcp_ctloutput).</summary>
    public void FastOpen(int queueLength)
    {
        if (queueLength > 0)
        {
            var number = Require(numbers.TCP_FASTOPEN, nameof(KqueueEndPointOptions.FastOpenQueueLength));
            var value = numbers.FastOpenTakesLength ? queueLength : 1;
            Set(SocketNumbers.IPPROTO_TCP, number, value, nameof(KqueueEndPointOptions.FastOpenQueueLength));
        }
    }

    /// <summary>After listen(2): FreeBSD refuses an accept filter before (accept_filter(9)).</summary>
    public void DeferAccept(int? seconds)
    {
        if (seconds is not { } value)
        {
            return;
        }

        if (numbers.SO_ACCEPTFILTER != 0)
        {
            Span<byte> filter = stackalloc byte[AcceptFilterBytes];
            "dataready"u8.CopyTo(filter);
            Set(numbers.SOL_SOCKET, numbers.SO_ACCEPTFILTER, filter, nameof(KqueueEndPointOptions.DeferAccept));
            return;
        }

        var number = Require(numbers.TCP_DEFER_ACCEPT, nameof(KqueueEndPointOptions.DeferAccept));
        Set(SocketNumbers.IPPROTO_TCP, number, value, nameof(KqueueEndPointOptions.DeferAccept));
    }

    private void Set(int level, int number, int value, string option) =>
        Set(level, number, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in value)), option);

    private void Set(int level, int number, ReadOnlySpan<byte> value, string option)
    {
        try
        {
            socket.SetRawSocketOption(level, number, value);
        }
        catch (SocketException error)
        {
            ListenError.NameOption(error, option);
            throw;
        }
    }

    /// <summary>An option is set that the system does not have.</summary>
    public static NotSupportedException NotOnThisSystem(string option) => new(
        $"{option} is set, but {RuntimeInformation.OSDescription} does not have it. Leave it out on this system.");

    private static int Require(int number, string option) => number != 0 ? number : throw NotOnThisSystem(option);
}
