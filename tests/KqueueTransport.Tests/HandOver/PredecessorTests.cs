using System.Net;
using System.Net.Sockets;
using KqueueTransport.HandOver;
using KqueueTransport.Sockets;

namespace KqueueTransport.Tests.HandOver;

/// <summary>What a successor makes of whatever answers at the path. Nothing that was sent to it stays open.</summary>
public sealed class PredecessorTests : IDisposable
{
    private readonly UnixSocketPath _path = new();
    private readonly Socket _server = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Socket _handed = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public PredecessorTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Counts descriptors in /proc.");
        _server.Bind(new UnixDomainSocketEndPoint(_path.Path));
        _server.Listen();
        _handed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _handed.Listen();
    }

    private int HandedCount => CountOf(_handed.Handle);

    public void Dispose()
    {
        _server.Dispose();
        _handed.Dispose();
        _path.Dispose();
    }

    [Fact]
    public async Task Find_NothingAtThePath_IsNull()
    {
        _server.Dispose(); // And with it its file.

        Assert.Null(await FindAsync());
    }

    [Fact]
    public async Task Find_FileThatACrashedServerLeft_IsNull()
    {
        _server.SafeHandle.Dispose();
        Assert.True(_path.Exists);

        Assert.Null(await FindAsync());
    }

    [Fact]
    public async Task Find_ServerEndsBeforeItAnswers_IsNull()
    {
        var finding = FindAsync();
        (await _server.AcceptAsync(TestContext.Current.CancellationToken)).Dispose();

        Assert.Null(await finding);
    }

    // Its start has failed, and behind it another one waited.
    [Fact]
    public async Task Find_ServerEndsBeforeItAccepts_IsNull()
    {
        var finding = FindAsync();
        await Waiting.UntilAsync(() => _server.Poll(0, SelectMode.SelectRead));
        _server.Dispose();

        Assert.Null(await finding);
    }

    [Fact]
    public async Task Find_ServerOfAnotherUser_IsRefused()
    {
        OtherUser.SkipWhereNobodyCanBe();
        OtherUser.Run(() =>
        {
            _server.Listen();
            return true;
        });

        await AssertFailsAsync(FindAsync(), "another user's");
    }

    [Fact]
    public async Task Take_SocketsThatWereSent_AreThemByNameAndCloseOnExec()
    {
        var finding = FindAsync();
        using var link = await SendAsync(HandOverMessage.Encode(["a", "b", "a"]), Descriptors(3));
        using var predecessor = (await finding)!;

        int[] taken = [predecessor.Take("b")!.Value, predecessor.Take("a")!.Value, predecessor.Take("a")!.Value];
        Assert.Null(predecessor.Take("a"));
        Assert.Equal(4, HandedCount);
        Assert.All(taken, descriptor => Assert.NotEqual(0, FlagsOf(descriptor) & 0x80000)); // O_CLOEXEC
        Assert.All(taken, descriptor => SystemSocketCalls.Instance.Close(descriptor));
        Assert.Equal(1, HandedCount);
    }

    [Fact]
    public async Task Dispose_NobodyTookTheSockets_ClosesThem()
    {
        var finding = FindAsync();
        using var link = await SendAsync(HandOverMessage.Encode(["a", "b"]), Descriptors(2));
        var predecessor = (await finding)!;
        Assert.Equal(3, HandedCount);

        predecessor.Dispose();

        Assert.Equal(1, HandedCount);
    }

    [Fact]
    public async Task Find_MessageByteByByte_IsUnderstood()
    {
        var message = HandOverMessage.Encode(["a"]);
        var finding = FindAsync();
        using var link = await SendAsync(message[..1], Descriptors(1));
        foreach (var value in message[1..])
        {
            await link.SendAsync(new[] { value }, TestContext.Current.CancellationToken);
        }

        using var predecessor = (await finding)!;
        Assert.Null(predecessor.Take("b"));
        SystemSocketCalls.Instance.Close(predecessor.Take("a")!.Value);
    }

    [Theory]
    [InlineData("something else", "HTTP/1.1 400 Bad Request\r\n\r\n", 1)]
    [InlineData("2 names for 1 sockets", null, 1)]
    [InlineData("2 names for 0 sockets", null, 0)]
    [InlineData("may open", null, UnixSocketCalls.DescriptorsMax + 1)] // MSG_CTRUNC
    public async Task Find_AnswerIsWrong_SaysSoAndClosesWhatCame(string expected, string? answer, int sockets)
    {
        var finding = FindAsync();
        var message = answer is null ? HandOverMessage.Encode(["a", "b"]) : [.. answer.Select(c => (byte)c)];
        using var link = await SendAsync(message, Descriptors(sockets));

        await AssertFailsAsync(finding, expected);
    }

    [Fact]
    public async Task Find_ServerEndsInTheMiddle_SaysSoAndClosesWhatCame()
    {
        var finding = FindAsync();
        (await SendAsync(HandOverMessage.Encode(["a"])[..9], Descriptors(1))).Dispose();

        await AssertFailsAsync(finding, "in the middle");
    }

    // The kernel drops what nobody has room for.
    [Fact]
    public async Task Find_SocketsComeBehindTheFirstBytesToo_AreClosed()
    {
        var message = HandOverMessage.Encode(["a"]);
        var finding = FindAsync();
        using var link = await SendAsync(message[..1], Descriptors(1));
        UnixSocketCalls.Send(link, message.AsSpan(1), Descriptors(3)).GetValueOrThrow();

        using (var predecessor = (await finding)!)
        {
            Assert.Equal(2, HandedCount);
        }

        Assert.Equal(1, HandedCount);
    }

    [Fact]
    public async Task Find_NamesAreCutOff_SaysSo()
    {
        var message = HandOverMessage.Encode(["a"]);
        message[8] = 100; // The length of the name.
        var finding = FindAsync();
        using var link = await SendAsync(message, Descriptors(1));

        await AssertFailsAsync(finding, "end in the middle");
    }

    [Fact]
    public async Task Replace_PredecessorHasDied_GoesOn()
    {
        var finding = FindAsync();
        var link = await SendAsync(HandOverMessage.Encode(["a"]), Descriptors(1));
        using var predecessor = (await finding)!;
        link.Dispose();

        await predecessor.ReplaceAsync(TestContext.Current.CancellationToken).Soon();
    }

    /// <summary>What open(2) and fcntl(2) have set.</summary>
    internal static int FlagsOf(int descriptor) => Convert.ToInt32(
        File.ReadAllLines($"/proc/self/fdinfo/{descriptor}")
            .Single(line => line.StartsWith("flags:", StringComparison.Ordinal)).Split('\t')[1],
        8);

    /// <summary>How many descriptors of this process are the same file's.</summary>
    internal static int CountOf(nint descriptor)
    {
        var file = LinkOf($"/proc/self/fd/{descriptor}");
        return Directory.GetFileSystemEntries("/proc/self/fd").Count(entry => LinkOf(entry) == file);
    }

    private static string? LinkOf(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (IOException)
        {
            return null; // Closed meanwhile.
        }
    }

    private Task<Predecessor?> FindAsync() =>
        Predecessor.FindAsync(_path.Path, TestContext.Current.CancellationToken).Soon();

    private int[] Descriptors(int count) => [.. Enumerable.Repeat((int)_handed.Handle, count)];

    private async Task<Socket> SendAsync(byte[] bytes, int[] descriptors)
    {
        var link = await _server.AcceptAsync(TestContext.Current.CancellationToken).AsTask().Soon();
        Assert.Equal(bytes.Length, UnixSocketCalls.Send(link, bytes, descriptors).GetValueOrThrow());
        return link;
    }

    private async Task AssertFailsAsync(Task<Predecessor?> finding, string expected)
    {
        var error = await Assert.ThrowsAsync<IOException>(() => finding);

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains(_path.Path, error.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(KqueueTransportOptions.HandOverPath), error.Message, StringComparison.Ordinal);
        Assert.Equal(1, HandedCount);
    }
}
