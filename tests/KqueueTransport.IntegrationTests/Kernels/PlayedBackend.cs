using Kqueue;
using Kqueue.EventLoops;
using Kqueue.Native;
using Kqueue.Tests.Native;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Interop;
using KqueueTransport.Tests.Sockets;

namespace KqueueTransport.IntegrationTests.Kernels;

/// <summary>
/// Another system's kernel under the whole transport: its kqueue, with its <c>struct kevent</c>, and its socket calls,
/// with its constants, layouts and error numbers, both played by C# on this system's sockets.
/// </summary>
internal sealed record PlayedBackend(string Layout) : BackendSupport(MissingBecause: null)
{
    /// <summary>The one of <see cref="PlayedKernel"/>.</summary>
    public string Kernel { get; init; } = Layout == "libkqueue" ? PlayedKernel.DeafLibkqueue : Layout;

    public override EventLoopGroup StartLoops(EventLoopGroupOptions options)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The kernel is played with epoll.");
        var abi = KqueueAbi.Of(Layout);
        options.Loop.CreateQueue = _ => new NativeKernelQueue(abi, PlayedKernel.CallsOf(Kernel));
        return base.StartLoops(options);
    }

    public override SocketCalls SocketsOf(KernelQueueOptions queue) => Layout switch
    {
        "darwin" => new PlayedSocketCalls(SocketAbi.Systems["darwin-arm64"], SocketNumbers.Darwin),
        "freebsd" => new PlayedSocketCalls(SocketAbi.Systems["freebsd-amd64"], SocketNumbers.FreeBsd),
        "netbsd" => new PlayedSocketCalls(SocketAbi.Systems["netbsd-amd64"], SocketNumbers.NetBsd),
        _ => base.SocketsOf(queue), // libkqueue has no sockets of its own.
    };
}
