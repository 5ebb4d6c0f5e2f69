using Kqueue;
using KqueueTransport.Sockets.Interop;
using KqueueTransport.Sockets.Listening;

namespace KqueueTransport.Sockets;

/// <content>setsockopt(2) and getsockopt(2).</content>
internal abstract unsafe partial class SocketCalls
{
    /// <summary>Sets options on a TCP connection.</summary>
    /// <param name="descriptor">The connection.</param>
    /// <param name="options">What to set, such as <see cref="ListenSocket.OptionsToSet"/>.</param>
    /// <returns>
    /// 0 or the first error. macOS says EINVAL where the peer is gone already; the next receive tells the same story
    /// better, so a caller need not act on it.
    /// </returns>
    public virtual KernelResult Configure(int descriptor, SocketOption[] options)
    {
        foreach (var option in options)
        {
            var result = Set(descriptor, option);
            if (result.IsError)
            {
                return result;
            }
        }

        return KernelResult.Success(0);
    }

    /// <summary>What the kernel knows of a TCP connection.</summary>
    /// <param name="descriptor">The connection, of any kind.</param>
    /// <param name="info">What it knows.</param>
    /// <returns>
    /// False where it is not TCP, where the system tells nothing, and, on BSD, where the peer has reset it.
    /// </returns>
    public virtual bool TryGetTcpInfo(int descriptor, out TcpInfo info)
    {
        info = default;
        if (Numbers.TcpInfo is not { } layout)
        {
            return false;
        }

        var buffer = stackalloc byte[TcpInfoLayout.Capacity];
        var length = (uint)TcpInfoLayout.Capacity;
        return Functions.getsockopt(descriptor, SocketNumbers.IPPROTO_TCP, layout.Option, buffer, &length) == 0 &&
            layout.TryDecode(new ReadOnlySpan<byte>(buffer, (int)Math.Min(length, TcpInfoLayout.Capacity)), out info);
    }

    /// <summary>Who is at the other end of a Unix socket.</summary>
    /// <param name="descriptor">The connection, of any kind.</param>
    /// <returns>Null where it is not a Unix socket, and where the system tells nothing.</returns>
    public virtual UnixPeerCredentials? GetPeerCredentials(int descriptor)
    {
        if (Numbers.PeerCredentials is not { } layout)
        {
            return null;
        }

        var buffer = stackalloc byte[PeerCredentialsLayout.Capacity];
        var length = (uint)PeerCredentialsLayout.Capacity;
        if (Functions.getsockopt(descriptor, layout.Level, layout.Option, buffer, &length) != 0 ||
            layout.TryDecode(new ReadOnlySpan<byte>(buffer, (int)length)) is not { } credentials)
        {
            return null;
        }

        int process;
        length = sizeof(int);
        return layout.ProcessOption != 0 &&
            Functions.getsockopt(descriptor, layout.Level, layout.ProcessOption, &process, &length) == 0
            ? credentials with { ProcessId = process }
            : credentials;
    }

    protected KernelResult Set(int descriptor, SocketOption option)
    {
        fixed (byte* value = option.Value)
        {
            return Result(Functions.setsockopt(
                descriptor, option.Level, option.Number, value, (uint)option.Value.Length));
        }
    }
}
