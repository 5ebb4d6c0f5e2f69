using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Interop;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Tests.Connections;

// What packets carry, and which way they go.
public sealed partial class EndPointOptionsTests
{
    [Fact]
    public async Task CongestionControl_Set_IsTheConnectionsOrAnError()
    {
        if (_numbers.TCP_CONGESTION == 0)
        {
            await AssertNotSupportedAsync(options => options.CongestionControl = "reno", "CongestionControl");
            return;
        }

        // Every kernel has it: TCP's own, named newreno on FreeBSD.
        var name = OperatingSystem.IsLinux() ? "reno" : "newreno";
        var accepted = await AcceptAsync(options => options.CongestionControl = name);

        var value = new byte[16];
        accepted.GetRawSocketOption(SocketNumbers.IPPROTO_TCP, _numbers.TCP_CONGESTION, value);
        Assert.Equal(name, Encoding.ASCII.GetString(value).TrimEnd('\0'));
    }

    [Fact]
    public async Task CongestionControl_NoneOfTheKernels_SaysWhereTheyAre()
    {
        Assert.SkipUnless(_numbers.TCP_CONGESTION != 0, "this system does not have it");

        await AssertRefusedAsync(
            options => options.CongestionControl = "pigeon", "CongestionControl", "tcp_available_congestion_control");
    }

    // Of two kinds of peers a socket for both versions of IP has, too.
    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("::1", "::1")]
    [InlineData("::", "::1")]
    [InlineData("::", "127.0.0.1")]
    public async Task TypeOfService_Set_IsTheConnections(string address, string peerAddress)
    {
        var listener = await BindAsync(
            CreateFactory(options => options.TypeOfService = 0x88), new IPEndPoint(IPAddress.Parse(address), 0));
        using var peer = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await peer.ConnectAsync(IPAddress.Parse(peerAddress), ((IPEndPoint)listener.EndPoint).Port).Soon();
        var accepted = SocketOf(await AcceptAsync(listener));

        var (level, number) = peerAddress.Contains(':', StringComparison.Ordinal)
            ? (SocketNumbers.IPPROTO_IPV6, _numbers.IPV6_TCLASS)
            : (SocketNumbers.IPPROTO_IP, _numbers.IP_TOS);
        var value = new byte[sizeof(int)];
        accepted.GetRawSocketOption(level, number, value);
        Assert.Equal(0x88, BitConverter.ToInt32(value));
    }

    [Fact]
    public async Task Mark_Set_IsTheConnectionsOrSaysWhatItNeeds()
    {
        if (_numbers.SO_MARK == 0)
        {
            await AssertNotSupportedAsync(options => options.Mark = 1, "Mark");
        }
        else if (Environment.IsPrivilegedProcess)
        {
            var accepted = await AcceptAsync(options => options.Mark = 0xfedc_ba98);

            var value = new byte[sizeof(uint)];
            accepted.GetRawSocketOption(_numbers.SOL_SOCKET, _numbers.SO_MARK, value);
            Assert.Equal(0xfedc_ba98, BitConverter.ToUInt32(value));
        }
        else
        {
            await AssertRefusedAsync(options => options.Mark = 1, "Mark", "CAP_NET_ADMIN");
        }
    }

    [Fact]
    public async Task BoundDevice_TheLoopback_TakesConnectionsOfIt()
    {
        Assert.SkipUnless(_numbers.SO_BINDTODEVICE != 0, "this system does not have it");
        var loopback = NetworkInterface.GetAllNetworkInterfaces()
            .First(device => device.NetworkInterfaceType == NetworkInterfaceType.Loopback).Name;
        var accepted = await AcceptAsync(options => options.BoundDevice = loopback);

        var value = new byte[16];
        accepted.GetRawSocketOption(_numbers.SOL_SOCKET, _numbers.SO_BINDTODEVICE, value);
        Assert.Equal(loopback, Encoding.ASCII.GetString(value).TrimEnd('\0'));
    }

    [Fact]
    public async Task BoundDevice_NoneOfTheMachines_SaysWhatItHasToBe()
    {
        Assert.SkipUnless(_numbers.SO_BINDTODEVICE != 0, "this system does not have it");

        await AssertRefusedAsync(options => options.BoundDevice = "nowhere0", "BoundDevice", "network interface");
    }

    // To a peer that does not know MPTCP the kernel hands out an ordinary connection of TCP.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task MultipathTcp_Set_PeersWithItAndWithoutAreServed(bool isPeerMultipath)
    {
        if (_numbers.IPPROTO_MPTCP == 0)
        {
            await AssertNotSupportedAsync(options => options.MultipathTcp = true, "MultipathTcp");
            return;
        }

        const string Setting = "/proc/sys/net/mptcp/enabled";
        const int SO_PROTOCOL = 38;
        Assert.SkipUnless(File.Exists(Setting) && File.ReadAllText(Setting).Trim() == "1", "this kernel has it not on");
        var listener = await BindAsync(
            CreateFactory(options => (options.MultipathTcp, options.KeepAlive) = (true, true)), s_anyPort);
        var options = new KqueueTransportOptions { MultipathTcp = isPeerMultipath };
        var calls = SystemSocketCalls.Instance;
        var connecting = calls.Connect(listener.EndPoint, options);
        Assert.False(connecting.IsError);
        using var peer = new Socket(new SafeSocketHandle(connecting.Value, ownsHandle: true));

        var accepted = SocketOf(await AcceptAsync(listener));

        var protocol = new byte[sizeof(int)];
        accepted.GetRawSocketOption(_numbers.SOL_SOCKET, SO_PROTOCOL, protocol);
        Assert.Equal(
            isPeerMultipath ? _numbers.IPPROTO_MPTCP : SocketNumbers.IPPROTO_TCP, BitConverter.ToInt32(protocol));
        Assert.True(accepted.NoDelay);
        Assert.NotEqual(0, Read(accepted, SocketOptionLevel.Socket, SocketOptionName.KeepAlive));
    }

    [Fact]
    public async Task Vsock_OnALinuxThatHasIt_Listens()
    {
        if (_numbers.AF_VSOCK == 0)
        {
            await Assert.ThrowsAsync<NotSupportedException>(
                () => BindAsync(CreateFactory(_ => { }), new VsockEndPoint(VsockEndPoint.Any, 5000)));
            return;
        }

        Assert.SkipUnless(File.Exists("/dev/vsock"), "this kernel does not have it");
        var listener = await BindAsync(
            CreateFactory(_ => { }), new VsockEndPoint(VsockEndPoint.Any, VsockEndPoint.Any));

        Assert.InRange(Assert.IsType<VsockEndPoint>(listener.EndPoint).Port, 1u, uint.MaxValue - 1);
    }

    // The kernel loads its modules with the first socket of the family, so that one is made before they are looked for.
    [Fact]
    public async Task Vsock_OnItsLoopback_CarriesBytesBothWaysAndTheirEnd()
    {
        Assert.SkipUnless(_numbers.AF_VSOCK != 0 && File.Exists("/dev/vsock"), "this kernel does not have it");
        var listener = await BindAsync(
            CreateFactory(_ => { }), new VsockEndPoint(VsockEndPoint.Any, VsockEndPoint.Any));
        Assert.SkipUnless(Directory.Exists("/sys/module/vsock_loopback"), "this kernel has no loopback of it");
        using var factory = new KqueueConnectionFactory(new KqueueTransportOptions { LoopCount = 1 });
        var here = new VsockEndPoint(VsockEndPoint.Local, PortOf(listener.EndPoint));
        await using var peer = await factory.ConnectAsync(here, TestContext.Current.CancellationToken);
        var accepted = await AcceptAsync(listener);

        // The end that connects is bound to any machine: its port alone is the same at both.
        Assert.Equal(here, peer.RemoteEndPoint);
        Assert.Equal(PortOf(peer.LocalEndPoint), PortOf(accepted.RemoteEndPoint));
        await SendAsync(peer, accepted);
        await SendAsync(accepted, peer);

        await peer.DisposeAsync().Soon();
        Assert.True((await accepted.Transport.Input.ReadAsync().Soon()).IsCompleted);

        static uint PortOf(EndPoint? endPoint) => Assert.IsType<VsockEndPoint>(endPoint).Port;

        static async Task SendAsync(ConnectionContext from, ConnectionContext to)
        {
            const int Count = 100_000;
            await from.Transport.Output.WriteAsync(Payload.Create(Count)).Soon();
            var buffer = (await to.Transport.Input.ReadAtLeastAsync(Count).Soon()).Buffer;
            Assert.Equal(Count, buffer.Length);
            Payload.Check(buffer);
            to.Transport.Input.AdvanceTo(buffer.End);
        }
    }

    private async Task AssertNotSupportedAsync(Action<KqueueTransportOptions> set, string option)
    {
        var error = await Assert.ThrowsAsync<NotSupportedException>(() => BindAsync(CreateFactory(set), s_anyPort));
        Assert.StartsWith($"{option} is set", error.Message, StringComparison.Ordinal);
    }

    private async Task AssertRefusedAsync(Action<KqueueTransportOptions> set, string option, string hint)
    {
        var error = await Assert.ThrowsAnyAsync<SocketException>(() => BindAsync(CreateFactory(set), s_anyPort));
        Assert.Contains(option, error.Message, StringComparison.Ordinal);
        Assert.Contains(hint, error.Message, StringComparison.Ordinal);
    }
}
