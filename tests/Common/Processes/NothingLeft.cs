using System.Net;
using System.Net.Sockets;

[assembly: AssemblyFixture(typeof(Common.Processes.NothingLeft))]

namespace Common.Processes;

/// <summary>
/// Where KQUEUE_NOTHING_LEFT is set: when all tests of a program are over, it has the sockets, queues and timers that
/// it began with, and no thread of an event loop; and after each test of a suite of transports, its memory pool has
/// every block.
/// </summary>
public sealed class NothingLeft : IAsyncLifetime
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);
    private static readonly string[] s_queues =
        ["anon_inode:[eventpoll]", "anon_inode:[eventfd]", "anon_inode:[timerfd]", "anon_inode:[pidfd]"];

    private List<string> _before = [];

    public static bool IsAsked { get; } =
        OperatingSystem.IsLinux() && Environment.GetEnvironmentVariable("KQUEUE_NOTHING_LEFT") is not null;

    public async ValueTask InitializeAsync()
    {
        if (IsAsked)
        {
            await UseRuntimesOwnAsync();
            _before = Open();
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(s_limit);
        while (IsAsked && Left() is { Count: > 0 } left)
        {
            Assert.False(limit.IsCancellationRequested, $"Left behind: {string.Join(", ", left)}");
            GC.Collect(); // What the test itself, or a client, has left to the finalizers.
            GC.WaitForPendingFinalizers();
            await Task.Delay(s_look, CancellationToken.None);
        }
    }

    // The queues that the runtime's sockets wait with are made with the first of them, and stay.
    private static async Task UseRuntimesOwnAsync()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var accepting = listener.AcceptAsync();
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(listener.LocalEndPoint!);
        (await accepting).Dispose();
    }

    // A socket has its own number; of queues and the like there are as many as before.
    private List<string> Left()
    {
        var left = Open();
        _before.ForEach(entry => left.Remove(entry));
        return left;
    }

    private static List<string> Open() =>
    [
        .. Directory.GetFileSystemEntries("/proc/self/fd").Select(LinkOf)
            .Where(link => link.StartsWith("socket:", StringComparison.Ordinal) || s_queues.Contains(link)),
        .. Directory.GetDirectories("/proc/self/task").Select(NameOf)
            .Where(name => name.StartsWith("kqueue", StringComparison.Ordinal)),
    ];

    private static string LinkOf(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget ?? "";
        }
        catch (IOException)
        {
            return ""; // Closed meanwhile.
        }
    }

    private static string NameOf(string task)
    {
        try
        {
            return File.ReadAllText($"{task}/comm").Trim();
        }
        catch (IOException)
        {
            return ""; // Ended meanwhile.
        }
    }
}
