using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Tests.Sockets;

/// <summary>
/// The contract on the sockets of the library that KQUEUE_LIBRARY names, with the prefix KQUEUE_PREFIX and the layout
/// KQUEUE_LAYOUT. A library with Linux's numbers, such as libkqueue, has no sockets of its own but the system's.
/// </summary>
public sealed class LibrarySocketCallsTests : SocketCallsContract
{
    private static readonly string? s_name = Environment.GetEnvironmentVariable("KQUEUE_LIBRARY");

    private protected override SocketCalls Calls => Library;

    protected override string? LacksIPv6 => Library.HasIPv6 ? null : $"{s_name} makes no IPv6 sockets";

    private LibrarySocketCalls Library => field ??= Load();

    protected override string? LacksUnixSockets => "a Unix socket's path would lie in the library's own file system";

    private static LibrarySocketCalls Load()
    {
        Assert.SkipWhen(string.IsNullOrEmpty(s_name), "KQUEUE_LIBRARY names no library");
        var layout = Environment.GetEnvironmentVariable("KQUEUE_LAYOUT");
        Assert.SkipWhen(
            string.IsNullOrEmpty(layout) || layout == "libkqueue",
            $"{s_name} uses the system's sockets, which have a suite of their own");
        var library = new LibrarySocketFunctions(s_name!, Environment.GetEnvironmentVariable("KQUEUE_PREFIX") ?? "");
        return layout switch
        {
            "darwin" => new LibrarySocketCalls(library, SocketAbi.Systems["darwin-amd64"], SocketNumbers.Darwin),
            "freebsd" => new LibrarySocketCalls(library, SocketAbi.Systems["freebsd-amd64"], SocketNumbers.FreeBsd),
            "netbsd" => new LibrarySocketCalls(library, SocketAbi.Systems["netbsd-amd64"], SocketNumbers.NetBsd),
            _ => throw new InvalidOperationException(
                $"KQUEUE_LAYOUT is '{layout}'. Write darwin, freebsd, netbsd or libkqueue."),
        };
    }
}

/// <summary>The contract on this system's C library, loaded by name like any other: proves the loading.</summary>
public sealed class CLibrarySocketCallsTests : SocketCallsContract
{
    private protected override SocketCalls Calls => field ??= Load();

    protected override string? LacksUnixSockets => "sockets of a named library are IP only";

    private static LibrarySocketCalls Load()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "fcntl(2) is called by a pointer, as Linux's ABIs allow");
        var library = new LibrarySocketFunctions("libc", prefix: "");
        return new LibrarySocketCalls(library, SocketAbi.Systems["linux-amd64"], SocketNumbers.Linux);
    }
}
