using System.Net;
using System.Net.Sockets;
using System.Text;
using Kqueue;
using KqueueTransport.IntegrationTests.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;

namespace KqueueTransport.IntegrationTests.Security;

/// <summary>What a child process gets of the transport's descriptors: none.</summary>
[Collection<Alone>]
public sealed class DescriptorTests() : TransportSuite(TestTransport.KqueueAdaptive)
{
    // O_CLOEXEC of Linux, on every architecture that .NET runs on.
    private const int CloseOnExec = 0x80000;

    private static readonly string[] s_kinds =
        ["accepted", "eventfd", "eventpoll", "listening", "outbound"];

    // Goal: no descriptor is forgotten, whoever made it. Method: a process that listens, accepts and connects over TCP
    // and over Unix sockets, and has a queue with a timer, which needs no descriptor.
    [Fact]
    public async Task Descriptors_OfEveryKind_AreCloseOnExec()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc tells the flags of descriptors.");
        var path = UnixPath.Next();
        var server = await StartKestrelAsync(
            kestrel =>
            {
                kestrel.Listen(IPAddress.Loopback, 0);
                kestrel.ListenUnixSocket(path);
            },
            app => app.Run(context => context.Response.WriteAsync("ok")));
        using var factory = new KqueueConnectionFactory();
        await using var tcp = await AskAsync(factory, server.EndPoint);
        await using var unix = await AskAsync(factory, new UnixDomainSocketEndPoint(path));
        using var timer = KernelQueue.Create();
        timer.Kevent([new KEvent(1, KEventFilter.Timer, KEventFlags.Add, data: 1)], [], timeoutNs: 0);

        var descriptors = Descriptors(server.EndPoint);

        Assert.All(descriptors, descriptor => Assert.True(descriptor.IsCloseOnExec, $"{descriptor}"));
        Assert.Equal([], s_kinds.Except(descriptors.Select(descriptor => descriptor.Kind)));
        Assert.Equal(2, descriptors.Count(descriptor => descriptor.Kind == "outbound"));
    }

    private async Task<ConnectionContext> AskAsync(KqueueConnectionFactory factory, EndPoint endPoint)
    {
        var connection = await factory.ConnectAsync(endPoint, Deadline);
        await connection.Transport.Output.WriteAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray(), Deadline);
        var answer = await connection.Transport.Input.ReadAtLeastAsync("HTTP/1.1 200"u8.Length, Deadline);
        Assert.StartsWith("HTTP/1.1 200", Encoding.ASCII.GetString(answer.Buffer), StringComparison.Ordinal);
        connection.Transport.Input.AdvanceTo(answer.Buffer.End);
        return connection;
    }

    /// <summary>Sockets, queues and their like. The runtime's files and the tests' pipes are not asked.</summary>
    private static List<Descriptor> Descriptors(EndPoint server)
    {
        var descriptors = new List<Descriptor>();
        foreach (var entry in Directory.GetFileSystemEntries("/proc/self/fd"))
        {
            try
            {
                if (TryRead(entry, server) is { } descriptor)
                {
                    descriptors.Add(descriptor);
                }
            }
            catch (Exception error) when (error is IOException or SocketException)
            {
                // Closed since it was listed: the last connections of an earlier test may end only now.
            }
        }

        return descriptors;
    }

    private static Descriptor? TryRead(string entry, EndPoint server)
    {
        var number = int.Parse(Path.GetFileName(entry), provider: null);

        // socket:[1234], anon_inode:[eventpoll]; null where it was closed meanwhile.
        var target = new FileInfo(entry).LinkTarget ?? "";
        if (target.StartsWith("anon_inode:", StringComparison.Ordinal))
        {
            return new(number, target["anon_inode:".Length..].Trim('[', ']'), HasFlag(number));
        }

        return target.StartsWith("socket:", StringComparison.Ordinal)
            ? new(number, KindOf(number, server), HasFlag(number))
            : null;
    }

    private static string KindOf(int descriptor, EndPoint server)
    {
        using var socket = new Socket(new SafeSocketHandle(descriptor, ownsHandle: false));
        var isListening = socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.AcceptConnection) is not 0;
        return isListening ? "listening"
            : !socket.Connected ? "unconnected"
            : IsOf(server, socket.LocalEndPoint) ? "accepted"
            : IsOf(server, socket.RemoteEndPoint) ? "outbound"
            : "an earlier test's";
    }

    // The file's name is that of the server's end only.
    private static bool IsOf(EndPoint server, EndPoint? end) =>
        end!.Equals(server) || (end is UnixDomainSocketEndPoint && end.ToString()!.Length > 0);

    // The line "flags:" of fdinfo is octal, proc(5).
    private static bool HasFlag(int descriptor)
    {
        var line = File.ReadLines($"/proc/self/fdinfo/{descriptor}").First(
            line => line.StartsWith("flags:", StringComparison.Ordinal));
        return (Convert.ToInt32(line["flags:".Length..].Trim(), fromBase: 8) & CloseOnExec) != 0;
    }

    private sealed record Descriptor(int Number, string Kind, bool IsCloseOnExec);
}
