using Kqueue;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Sockets;

/// <content>setsockopt(2) and getsockopt(2).</content>
internal abstract unsafe partial class NativeSocketCalls
{
    public override KernelResult Configure(int descriptor, SocketOption[] options)
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

    public override bool TryGetTcpInfo(int descriptor, out TcpInfo info)
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

    public override UnixPeerCredentials? GetPeerCredentials(int descriptor)
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
