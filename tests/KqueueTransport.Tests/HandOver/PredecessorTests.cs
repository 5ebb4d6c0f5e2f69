using System.Net;
using System.Net.Sockets;
using KqueueTransport.HandOver;
using KqueueTransport.Sockets;

namespace KqueueTransport.Tests.HandOver;

/// <summary>What a successor makes of whatever answers at the path. Nothing that was sent to it stays open.</summary>
public sealed class PredecessorTests : IDisposable
{
    private static readonly SystemSocketCalls s_calls = SystemSocketCalls.Instance;

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
        var link = await _server.AcceptAsync(TestContext.Current.CancellationToken);
        _server.Dispose();
        link.Dispose();

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
        Assert.All(taken, descriptor => s_calls.Close(descriptor));
        Assert.Equal(1, HandedCount);
    }

    [Fact]
    public async Task Take_NamesOfUnixSockets_AreTheSameWhateverTheyHold()
    {
        string[] names = ["", "Unix /tmp/ä b\n%41", "Unix @a\0b\nc", "Unix @"];
        var finding = FindAsync();
        using var link = await SendAsync(HandOverMessage.Encode(names), Descriptors(names.Length));
        using var predecessor = (await finding)!;

        Assert.All(names, name => s_calls.Close(predecessor.Take(name)!.Value));
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
        using var link = await AcceptAsync();
        await SendByteByByteAsync(link, HandOverMessage.Greeting);
        s_calls.SendDescriptors(link, message.AsSpan(0, 1), Descriptors(1)).GetValueOrThrow();
        await SendByteByByteAsync(link, message.AsMemory(1));

        using var predecessor = (await finding)!;
        Assert.Null(predecessor.Take("b"));
        s_calls.Close(predecessor.Take("a")!.Value);
    }

    [Theory]
    [InlineData("something else", "a message of an absurd length", 1)]
    [InlineData("2 names for 1 sockets", null, 1)]
    [InlineData("2 names for 0 sockets", null, 0)]
    [InlineData("may open", null, SystemSocketCalls.DescriptorsMax + 1)] // MSG_CTRUNC
    public async Task Find_AnswerIsWrong_SaysSoAndClosesWhatCame(string expected, string? answer, int sockets)
    {
        var finding = FindAsync();
        var message = answer is null ? HandOverMessage.Encode(["a", "b"]) : [.. answer.Select(c => (byte)c)];
        using var link = await SendAsync(message, Descriptors(sockets));

        await AssertFailsAsync(finding, expected);
    }

    [Fact]
    public async Task Find_OtherServersAnswer_SaysSoAndClosesWhatCame()
    {
        var finding = FindAsync();
        using var link = await AcceptAsync();
        s_calls.SendDescriptors(link, "HTTP/1.1 400 Bad Request\r\n\r\n"u8, Descriptors(1)).GetValueOrThrow();

        await AssertFailsAsync(finding, "something else");
    }

    // Whatever it has said by then, and another one may have taken its place meanwhile.
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(9)]
    public async Task Find_ServerEndsInTheMiddle_ClosesWhatCameAndLooksAgain(int bytes)
    {
        var finding = FindAsync();
        using (var first = await AcceptAsync())
        {
            await SendByteByByteAsync(first, HandOverMessage.Greeting[..Math.Min(4, bytes)]);
            if (bytes > 4)
            {
                var message = HandOverMessage.Encode(["ab"]).AsSpan(0, bytes - 4);
                s_calls.SendDescriptors(first, message, Descriptors(1)).GetValueOrThrow();
            }
        }

        using var second = await SendAsync(HandOverMessage.Encode(["b"]), Descriptors(1));
        using (var predecessor = (await finding)!)
        {
            Assert.Null(predecessor.Take("ab"));
            Assert.Equal(2, HandedCount);
        }

        Assert.Equal(1, HandedCount);
    }

    [Fact]
    public async Task Find_ServerIsSilent_GivesUpSoon()
    {
        var clock = new HeldClock();
        var finding = FindAsync(clock);
        using var link = await AcceptAsync();

        await Waiting.UntilAsync(() => clock.TryFire(seconds: 5));

        await Assert.ThrowsAsync<TimeoutException>(() => finding);
        Assert.Equal(0, await link.ReceiveAsync(new byte[1], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Find_ServerSaysThatItIsThereAndNoMore_GivesUpLater()
    {
        var clock = new HeldClock();
        var finding = FindAsync(clock);
        using var link = await AcceptAsync();
        await Waiting.UntilAsync(() => clock.IsWaitedFor(seconds: 5));
        await link.SendAsync(HandOverMessage.Greeting, TestContext.Current.CancellationToken);
        await Waiting.UntilAsync(() => !clock.IsWaitedFor(seconds: 5));

        Assert.True(clock.TryFire(seconds: 30));

        await Assert.ThrowsAsync<TimeoutException>(() => finding);
    }

    // The kernel drops what nobody has room for.
    [Fact]
    public async Task Find_SocketsComeBehindTheFirstBytesToo_AreClosed()
    {
        var message = HandOverMessage.Encode(["a"]);
        var finding = FindAsync();
        using var link = await SendAsync(message[..1], Descriptors(1));
        s_calls.SendDescriptors(link, message.AsSpan(1), Descriptors(3)).GetValueOrThrow();

        using (var predecessor = (await finding)!)
        {
            Assert.Equal(2, HandedCount);
        }

        Assert.Equal(1, HandedCount);
    }

    [Fact]
    public async Task Replace_PredecessorHasDied_GoesOn()
    {
        var finding = FindAsync();
        var link = await SendAsync(HandOverMessage.Encode(["a"]), Descriptors(1));
        using var predecessor = (await finding)!;
        link.Dispose();

        Assert.True(await ReplaceAsync(predecessor));
    }

    [Theory]
    [InlineData(HandOverMessage.Stopping, true)]
    [InlineData(HandOverMessage.Replaced, false)]
    public async Task Replace_PredecessorSaysWhatItDoesAndDies_IsThat(byte answer, bool isReplaced)
    {
        var finding = FindAsync();
        var link = await SendAsync(HandOverMessage.Encode(["a"]), Descriptors(1));
        using var predecessor = (await finding)!;
        await link.SendAsync(new[] { answer }, TestContext.Current.CancellationToken);
        link.Dispose();

        Assert.Equal(isReplaced, await ReplaceAsync(predecessor));
    }

    [Fact]
    public async Task Replace_PredecessorIsSilent_GivesUpAfterAWhile()
    {
        var finding = FindAsync();
        using var link = await SendAsync(HandOverMessage.Encode(["a"]), Descriptors(1));
        using var predecessor = (await finding)!;

        var clock = new HeldClock();
        var replacing = ReplaceAsync(predecessor, clock);
        await Waiting.UntilAsync(() => clock.TryFire(seconds: 30));

        await Assert.ThrowsAsync<TimeoutException>(() => replacing);
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

    // Nobody is too slow unless a test says so.
    private static Task<bool> ReplaceAsync(Predecessor predecessor, TimeProvider? clock = null) => predecessor
        .TryReplaceAsync(clock ?? new HeldClock(), TestContext.Current.CancellationToken).Soon();

    private Task<Predecessor?> FindAsync(TimeProvider? clock = null) => Predecessor
        .FindAsync(_path.Path, clock ?? new HeldClock(), TestContext.Current.CancellationToken).Soon();

    private int[] Descriptors(int count) => [.. Enumerable.Repeat((int)_handed.Handle, count)];

    private Task<Socket> AcceptAsync() => _server.AcceptAsync(TestContext.Current.CancellationToken).AsTask().Soon();

    private static async Task SendByteByByteAsync(Socket link, ReadOnlyMemory<byte> bytes)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            await link.SendAsync(bytes.Slice(i, 1), TestContext.Current.CancellationToken);
        }
    }

    private async Task<Socket> SendAsync(byte[] bytes, int[] descriptors)
    {
        var link = await AcceptAsync();
        await link.SendAsync(HandOverMessage.Greeting, TestContext.Current.CancellationToken);
        Assert.Equal(bytes.Length, s_calls.SendDescriptors(link, bytes, descriptors).GetValueOrThrow());
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
