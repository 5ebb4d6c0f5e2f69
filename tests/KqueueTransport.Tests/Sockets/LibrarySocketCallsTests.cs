using System.Net;
using System.Runtime.InteropServices;
using Kqueue;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Tests.Sockets;

/// <summary>
/// The contract on the sockets of the library that KQUEUE_LIBRARY names, with the prefix KQUEUE_PREFIX and the layout
/// KQUEUE_LAYOUT.
/// </summary>
public sealed class LibrarySocketCallsTests : SocketCallsContract
{
    private static readonly string? s_name = Environment.GetEnvironmentVariable("KQUEUE_LIBRARY");

    private protected override SocketCalls Calls => field ??= Load();

    protected override string? LacksIPv6
    {
        get
        {
            var connected = Calls.Connect(
                new IPEndPoint(IPAddress.IPv6Loopback, 1), new KqueueTransportOptions { NoDelay = false });
            _ = connected.IsError ? connected : Calls.Close(connected.Value);
            return connected.Error == Errno.EAFNOSUPPORT ? $"{s_name} makes no IPv6 sockets" : null;
        }
    }

    protected override string? LacksUnixSockets => "a Unix socket's path would lie in the library's own file system";

    protected override bool TellsOfTcp => Environment.GetEnvironmentVariable("KQUEUE_LAYOUT") != "netbsd";

    private static SocketCalls Load()
    {
        Assert.SkipWhen(string.IsNullOrEmpty(s_name), "KQUEUE_LIBRARY names no library");
        var calls = LibrarySocketCalls.Of(new KernelQueueOptions
        {
            Library = s_name,
            SymbolPrefix = Environment.GetEnvironmentVariable("KQUEUE_PREFIX") ?? "",
            Layout = Environment.GetEnvironmentVariable("KQUEUE_LAYOUT") is { Length: > 0 } layout ? layout : null,
        });
        Assert.SkipWhen(calls is SystemSocketCalls, $"{s_name} has the system's sockets, which have their own suite");
        return calls;
    }
}

/// <summary>The contract on this system's C library as if its sockets were its own: proves the calls.</summary>
public sealed class CLibrarySocketCallsTests : SocketCallsContract
{
    private protected override SocketCalls Calls => field ??= Load();

    protected override string? LacksUnixSockets => "sockets of a named library are IP only";

    private static LibrarySocketCalls Load()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the numbers are Linux's");
        return new LibrarySocketCalls(SocketFunctions.OfSystem, SocketNumbers.Linux);
    }
}

/// <summary>Whose sockets a host takes, by what is said of its queue.</summary>
public sealed class NamedLibraryTests
{
    [Theory]
    [InlineData(null, null)]
    [InlineData("libc", "libkqueue")]
    [InlineData("libc", "freebsd")]
    public void Sockets_OfALibraryWithoutItsOwn_AreTheSystems(string? library, string? layout)
    {
        var queue = new KernelQueueOptions { Library = library, Layout = layout };

        Assert.Same(SystemSocketCalls.Instance, LibrarySocketCalls.Of(queue));
    }

    [Fact]
    public void Sockets_OfALibraryThatIsNotThere_SayWhich()
    {
        var queue = new KernelQueueOptions { Library = "/no/such/library.so", Layout = "netbsd" };

        Assert.Contains("/no/such/library.so", Assert.Throws<DllNotFoundException>(
            () => LibrarySocketCalls.Of(queue)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Function_ThatTheLibraryLacks_IsNamed() => Assert.Contains(
        "odd_socket",
        Assert.Throws<EntryPointNotFoundException>(
            () => new SocketFunctions(NativeLibrary.GetMainProgramHandle(), "odd_")).Message,
        StringComparison.Ordinal);
}
