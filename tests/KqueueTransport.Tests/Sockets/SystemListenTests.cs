using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Kqueue;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Addresses;
using KqueueTransport.Sockets.Interop;
using KqueueTransport.Sockets.Listening;
using KqueueTransport.Tests.HandOver;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Tests.Sockets;

/// <summary>Endpoint kinds, bad luck and inheritance on the running system, seen from outside.</summary>
public sealed class SystemListenTests
{
    // O_NONBLOCK and O_CLOEXEC of Linux, as /proc shows them.
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;

    private static readonly KqueueTransportOptions s_options = new() { Backlog = 16 };
    private static readonly KqueueTransportOptions s_sharing = new() { Backlog = 16, SharePort = true };

    private static readonly IPEndPoint s_anyPort = new(IPAddress.Loopback, 0);

    private readonly SystemSocketCalls _calls = SystemSocketCalls.Instance;

    [Fact]
    public void Accept_Descriptor_IsNonBlockingAndCloseOnExec()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc");
        using var connection = SocketPair.Create(_calls, s_anyPort);

        Assert.Equal(NonBlocking | CloseOnExec, DescriptorFlags(connection.Accepted));
        Assert.Equal(NonBlocking | CloseOnExec, DescriptorFlags(connection.Connected));
    }

    [Fact]
    public void Listen_Descriptor_IsCloseOnExec()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc");
        using var listen = _calls.Listen(s_anyPort, s_options);

        Assert.Equal(NonBlocking | CloseOnExec, DescriptorFlags(listen.Descriptor));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Accept_NoDelay_IsInheritedOrLeftToSet(bool noDelay)
    {
        using var connection = SocketPair.Create(_calls, s_anyPort, new KqueueTransportOptions { NoDelay = noDelay });
        if (connection.OptionsToSet is { } options)
        {
            Assert.False(_calls.Configure(connection.Accepted, options).IsError);
        }

        Assert.Equal(noDelay, Borrow(connection.Accepted).NoDelay);
        Assert.Equal(noDelay, Borrow(connection.Connected).NoDelay);
    }

    // An option that Linux has stands for macOS's: it can be read, and accepted sockets inherit it, too.
    [Fact]
    public void Sockets_OfASystemWithAnOptionAgainstSigpipe_HaveItSet()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the numbers are Linux's");
        var numbers = SocketNumbers.Linux with { SO_NOSIGPIPE = SocketNumbers.Linux.SO_KEEPALIVE };
        using var listen = SystemListenSocket.Open(s_anyPort, s_options, takenOver: null, numbers);
        using var outbound = SystemSocketCalls.Create(listen.EndPoint, isMultipath: false, numbers);
        outbound.Connect(listen.EndPoint);
        SystemSocketCalls.MakeNonBlocking(outbound, numbers);

        var accepted = SocketPair.Until(
            () => _calls.Accept(listen.Descriptor, SocketCalls.CreateAddress()), result => !result.IsWouldBlock);

        Assert.All(
            (Socket[])[outbound, Borrow(listen.Descriptor), Borrow(accepted.Value)],
            socket => Assert.NotEqual(
                0, socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive)));
        _calls.Close(accepted.Value);
    }

    [Theory]
    [InlineData(false, false, new[] { "NoDelay", "TypeOfService" })]
    [InlineData(true, false, new[] { "NoDelay", "TypeOfService" })]
    [InlineData(true, true, null)]
    public void OptionsToSet_AcceptedSocketsMayLackThem_AreAll(
        bool inheritsTcpOptions, bool inheritsTypeOfService, string[]? expected)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the numbers are Linux's");
        var numbers = SocketNumbers.Linux with
        {
            InheritsTcpOptions = inheritsTcpOptions,
            InheritsTypeOfService = inheritsTypeOfService,
        };

        using var listen = SystemListenSocket.Open(
            s_anyPort, new KqueueTransportOptions { TypeOfService = 8 }, takenOver: null, numbers);

        Assert.Equal(expected, listen.OptionsToSet?.Select(option => option.Name));
    }

    // struct accept_filter_arg of FreeBSD (sys/socket.h): a name in 16 bytes, and 240 for its argument.
    [Fact]
    public void AfterListen_OnFreeBsd_IsTheFilterByNameAndFastOpenWithoutALength()
    {
        var options = new KqueueTransportOptions { DeferAccept = TimeSpan.FromSeconds(5), FastOpenQueueLength = 64 };
        var abi = SocketAbi.Systems["freebsd-amd64"];

        var (fastOpen, filter) = options.AfterListen(SocketNumbers.FreeBsd).ToArray() is [var first, var second]
            ? (first, second)
            : default;

        Assert.Equal((abi["SOL_SOCKET"], abi["SO_ACCEPTFILTER"]), (filter.Level, filter.Number));
        Assert.Equal([.. "dataready"u8, .. new byte[256 - 9]], filter.Value);
        Assert.Equal((abi["IPPROTO_TCP"], abi["TCP_FASTOPEN"]), (fastOpen.Level, fastOpen.Number));
        Assert.Equal(BitConverter.GetBytes(1), fastOpen.Value);
    }

    [Fact]
    public void Listen_SharedPort_TwoSocketsListenAndBothAccept()
    {
        Assert.SkipUnless(SocketNumbers.OfThisSystem().BalancingReusePort != 0, "this system does not balance");
        using var first = _calls.Listen(s_anyPort, s_sharing);
        using var second = _calls.Listen(first.EndPoint, s_sharing);

        HashSet<int> served = [];
        List<SocketPair> pairs = [];
        while (served.Count < 2 && pairs.Count < 500)
        {
            pairs.Add(SocketPair.Connect(_calls, [first, second], first.EndPoint, out var by));
            served.Add(by.Descriptor);
        }

        pairs.ForEach(pair => pair.Dispose());
        Assert.Equal(2, served.Count);
    }

    [Fact]
    public void Listen_SharedPort_StillTakenForOneThatDoesNotShare()
    {
        Assert.SkipUnless(SocketNumbers.OfThisSystem().BalancingReusePort != 0, "this system does not balance");
        using var first = _calls.Listen(s_anyPort, s_sharing);

        Assert.Throws<AddressInUseException>(() => _calls.Listen(first.EndPoint, s_options));
    }

    [Fact]
    public void Listen_FileHandle_ServesAndStaysOpenForItsOwner()
    {
        using var owner = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        owner.Bind(s_anyPort);
        owner.Listen();
        var handle = new FileHandleEndPoint((ulong)owner.Handle, FileHandleType.Tcp);

        using (var connection = SocketPair.Create(_calls, handle))
        {
            Assert.Equal(owner.LocalEndPoint, connection.ListenEndPoint);
            connection.Exchange("by an inherited descriptor"u8);
        }

        using var later = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        later.Connect(owner.LocalEndPoint!);
        using var accepted = owner.Accept();
        Assert.Equal(later.LocalEndPoint, accepted.RemoteEndPoint);
    }

    [Fact]
    public void Listen_FileHandleOfAUnixSocket_ServesAndLeavesTheFile()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        using var owner = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        owner.Bind(new UnixDomainSocketEndPoint(path));
        var handle = new FileHandleEndPoint((ulong)owner.Handle, FileHandleType.Pipe);

        using (var connection = SocketPair.Create(_calls, handle))
        {
            Assert.Equal(path, connection.ListenEndPoint.ToString());
            Assert.Null(connection.OptionsToSet);
            connection.Exchange("by an inherited descriptor"u8);
        }

        Assert.True(File.Exists(path));
    }

    [Fact]
    public void Listen_FileHandleOfNoSocket_SaysSo()
    {
        using var file = File.OpenHandle(Environment.ProcessPath!);
        var handle = new FileHandleEndPoint((ulong)file.DangerousGetHandle(), FileHandleType.Auto);

        var error = Assert.Throws<SocketException>(() => _calls.Listen(handle, s_options));

        Assert.Equal(SocketError.NotSocket, error.SocketErrorCode);
        Assert.Contains($"file handle {handle.FileHandle}", error.Message, StringComparison.Ordinal);
        Assert.Contains("open listen socket", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Listen_AbstractUnixName_ServesWithoutAFile()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "abstract names are Linux's");
        var name = $"\0{Guid.NewGuid()}";

        using var connection = SocketPair.Create(_calls, new UnixDomainSocketEndPoint(name));

        connection.Exchange("without a file"u8);
        Assert.Throws<AddressInUseException>(() => _calls.Listen(new UnixDomainSocketEndPoint(name), s_options));
    }

    // Whoever may not use raw sockets cannot set a device where one is set (Linux sock_bindtoindex_locked).
    [Fact]
    public void Listen_TakenOverSocketHasItsDevice_NeedsNoPrivilege()
    {
        OtherUser.SkipWhereNobodyCanBe();
        var options = new KqueueTransportOptions { BoundDevice = "lo", DeferAccept = TimeSpan.FromSeconds(1) };
        using var first = _calls.Listen(s_anyPort, options);

        using var second = OtherUser.Run(() => _calls.Listen(s_anyPort, options, dup(first.Descriptor)));

        Assert.Equal(first.EndPoint, second.EndPoint);
    }

    [Fact]
    public void Listen_AnotherDevice_HasThePortToo()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "what another system compares is not known");
        var device = NetworkInterface.GetAllNetworkInterfaces().FirstOrDefault(device => device.Name != "lo")?.Name;
        Assert.SkipUnless(device is not null, "there is no other device");
        using var first = _calls.Listen(
            new IPEndPoint(IPAddress.Any, 0), new KqueueTransportOptions { BoundDevice = "lo" });

        using var second = _calls.Listen(first.EndPoint, new KqueueTransportOptions { BoundDevice = device });

        Assert.Equal(first.EndPoint, second.EndPoint);
    }

    // Goal: a server that stops does not cut off the one that was started at its path. Method: the file is replaced.
    [Fact]
    public async Task Dispose_AnotherServerHasTheUnixPath_LeavesItsFile()
    {
        var endPoint = new UnixDomainSocketEndPoint(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()));
        var old = _calls.Listen(endPoint, s_options);
        var made = UnixSocketFile.MadeAt(endPoint);
        File.Delete(endPoint.ToString()!);

        // The times of files are as coarse as the kernel's ticks.
        await Waiting.UntilAsync(() => DateTime.UtcNow - made > TimeSpan.FromMilliseconds(20));
        using (_calls.Listen(endPoint, s_options))
        {
            old.Dispose();

            using var peer = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await peer.ConnectAsync(endPoint, TestContext.Current.CancellationToken);
        }

        Assert.False(File.Exists(endPoint.ToString()));
    }

    [Fact]
    public void Listen_UnixPathOfALiveServer_IsInUseAndLeavesItAlone()
    {
        var endPoint = new UnixDomainSocketEndPoint(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()));
        using var connection = SocketPair.Create(_calls, endPoint);

        var error = Assert.Throws<AddressInUseException>(() => _calls.Listen(endPoint, s_options));

        Assert.Contains(endPoint.ToString(), error.Message, StringComparison.Ordinal);
        Assert.Contains("Choose another path", error.Message, StringComparison.Ordinal);
        connection.Exchange("still here"u8);
    }

    [Fact]
    public void Listen_UnixPathOfAnyFile_IsInUseAndLeavesItAlone()
    {
        var path = Path.GetTempFileName();
        try
        {
            Assert.Throws<AddressInUseException>(() => _calls.Listen(new UnixDomainSocketEndPoint(path), s_options));
            Assert.True(File.Exists(path));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Listen_UnixPathThatACrashedServerLeft_IsTakenOver()
    {
        var path = LeaveSocketFile();

        using (var connection = SocketPair.Create(_calls, new UnixDomainSocketEndPoint(path)))
        {
            connection.Exchange("by the next one"u8);
        }

        Assert.False(File.Exists(path));
    }

    [Fact]
    public void Listen_UnixPathOfAServerThatDoesNotListenYet_IsInUse()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        var endPoint = new UnixDomainSocketEndPoint(path);
        using var other = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        other.Bind(endPoint);

        Assert.Throws<AddressInUseException>(() => _calls.Listen(endPoint, s_options));

        Assert.True(File.Exists(path));
    }

    [Fact]
    public void Listen_UnixPathOfAServerWithAFullBacklog_IsInUse()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        var endPoint = new UnixDomainSocketEndPoint(path);
        using var busy = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        busy.Bind(endPoint);
        busy.Listen(0);
        using var waiting = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        waiting.Connect(endPoint);

        Assert.Throws<AddressInUseException>(() => _calls.Listen(endPoint, s_options));

        using var accepted = busy.Accept();
        Assert.True(File.Exists(path));
    }

    [Fact]
    public void Listen_OptionThatTheSystemLacks_SaysWhichAndThatItIsToBeLeftOut()
    {
        var options = new KqueueTransportOptions
        {
            UserTimeout = TimeSpan.FromMilliseconds(1),
            SharePort = true,
            DeferAccept = TimeSpan.FromSeconds(1),
        };
        Func<IEnumerable<SocketOption>>[] lacking =
        [
            () => options.OfConnection(AddressFamily.InterNetwork, SocketNumbers.Darwin),
            () => options.AfterListen(SocketNumbers.Darwin),
            () => options.BeforeBind(AddressFamily.InterNetwork, SocketNumbers.Darwin),
        ];

        var messages = lacking
            .Select(get => Assert.Throws<NotSupportedException>(() => get().ToArray()).Message).ToArray();

        Assert.All(messages, message => Assert.Contains("Leave it out", message, StringComparison.Ordinal));
        Assert.Equal(["UserTimeout", "DeferAccept", "SharePort"], messages.Select(message => message.Split(' ')[0]));
    }

    [Fact]
    public void OpenProbe_Closed_IsADescriptorLikeAnyOther()
    {
        var reserve = _calls.OpenProbe();

        Assert.False(reserve.IsError);
        Assert.False(_calls.Close(reserve.Value).IsError);
        Assert.Equal(Errno.EBADF, _calls.Close(reserve.Value).Error);
    }

    // An option that there is not stands for one that the kernel refuses. Other tests open and close sockets meanwhile.
    [Fact]
    public void OpenProbe_OptionIsRefused_ClosesTheSocket()
    {
        const int Rounds = 500;
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc");
        var calls = new SystemSocketCalls(SocketNumbers.Linux with { SO_NOSIGPIPE = 0x7FFF });
        var before = OpenDescriptors();

        for (var i = 0; i < Rounds; i++)
        {
            Assert.Equal(Errno.ENOBUFS, calls.OpenProbe().Error);
        }

        Assert.InRange(OpenDescriptors(), 0, before + (Rounds / 2));
    }

    [Fact]
    public void Listen_UnixPathInNoDirectory_SaysWhatIsMissing()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName(), "socket");

        var error = Assert.Throws<SocketException>(() => _calls.Listen(new UnixDomainSocketEndPoint(path), s_options));

        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains("directory exists", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Listen_AddressOfAnotherMachine_IsASocketExceptionThatSaysSo()
    {
        // 203.0.113.0/24 is reserved for documentation (RFC 5737).
        var elsewhere = new IPEndPoint(IPAddress.Parse("203.0.113.1"), 0);

        var error = Assert.Throws<SocketException>(() => _calls.Listen(elsewhere, s_options));

        Assert.Equal(SocketError.AddressNotAvailable, error.SocketErrorCode);
        Assert.Contains("203.0.113.1:0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void HotCalls_Repeated_AllocateNothing()
    {
        using var connection = SocketPair.Create(_calls, s_anyPort);
        using var listen = _calls.Listen(s_anyPort, s_options);
        var peer = SocketCalls.CreateAddress();
        var buffer = new byte[16];
        Round();

        // A collection on another thread moves the counter too, so one clean measurement of several is the proof.
        Assert.Contains(0, Enumerable.Range(0, 10).Select(_ => BytesOfRounds()));

        long BytesOfRounds()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 100; i++)
            {
                Round();
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        void Round()
        {
            _calls.Send(connection.Accepted, buffer);
            while (_calls.Receive(connection.Connected, buffer).IsWouldBlock)
            {
            }

            _calls.Receive(connection.Connected, buffer);
            _calls.Accept(listen.Descriptor, peer);
            _calls.GetLocalAddress(connection.Accepted, peer);
        }
    }

    [Theory]
    [InlineData(AddressFamily.InterNetwork)]
    [InlineData(AddressFamily.InterNetworkV6)]
    public void ToEndPoint_OfEveryFamily_IsWhatWasSerialized(AddressFamily family)
    {
        var address = family == AddressFamily.InterNetwork ? IPAddress.Loopback : IPAddress.Parse("fe80::1%3");
        var endPoint = new IPEndPoint(address, 443);

        Assert.Equal(endPoint, endPoint.Serialize().ToEndPoint());
    }

    // A socket deletes the path that it was bound to when it closes, but not one that its file was moved to.
    private static string LeaveSocketFile()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        using var crashed = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        crashed.Bind(new UnixDomainSocketEndPoint(path + "-bound"));
        crashed.Listen();
        File.Move(path + "-bound", path);
        return path;
    }

    private static int OpenDescriptors() => Directory.GetFileSystemEntries("/proc/self/fd").Length;

    private static int DescriptorFlags(int descriptor)
    {
        var line = File.ReadLines($"/proc/self/fdinfo/{descriptor}").First(line => line.StartsWith("flags:"));
        return Convert.ToInt32(line["flags:".Length..].Trim(), fromBase: 8) & (NonBlocking | CloseOnExec);
    }

    [DllImport("libc")]
    private static extern int dup(int descriptor);

    private static Socket Borrow(int descriptor) => new(new SafeSocketHandle(descriptor, ownsHandle: false));
}
