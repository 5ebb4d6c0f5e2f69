using System.Net;
using System.Net.Sockets;
using KqueueTransport.Outbound;

namespace KqueueTransport.Tests.Outbound;

/// <summary>Who wins, who is closed, and what is said when nobody answers.</summary>
public sealed class AddressRaceTests : IDisposable
{
    private static readonly IPAddress s_first = IPAddress.Parse("2001:db8::1");
    private static readonly IPAddress s_second = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress s_third = IPAddress.Parse("2001:db8::2");

    private readonly Dictionary<IPAddress, TaskCompletionSource<Answer>> _attempts = [];
    private readonly CancellationTokenSource _cancel = new();
    private Action<IPAddress>? _cancelled;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _cancel.Dispose();

    [Fact]
    public void InTurns_BothFamilies_Alternate()
    {
        IPAddress[] resolved = [s_first, s_third, IPAddress.IPv6Loopback, s_second, IPAddress.Loopback];

        Assert.Equal(
            [s_first, s_second, s_third, IPAddress.Loopback, IPAddress.IPv6Loopback], AddressRace.InTurns(resolved));
        Assert.Empty(AddressRace.InTurns([]));
    }

    [Fact]
    public async Task Race_FirstAnswers_NobodyElseIsTried()
    {
        var answer = new Answer();
        Attempt(s_first).SetResult(answer);

        Assert.Same(answer, await RunAsync(s_first, s_second));
        Assert.False(answer.IsClosed);
        Assert.Single(_attempts);
    }

    [Fact]
    public async Task Race_FirstIsSilent_SecondWinsAndTheFirstIsCancelled()
    {
        var answer = new Answer();
        Attempt(s_second).SetResult(answer);

        Assert.Same(answer, await RunAsync(s_first, s_second));
        Assert.True(Attempt(s_first).Task.IsCanceled);
    }

    [Fact]
    public async Task Race_FirstFails_SecondIsTriedAtOnce()
    {
        var answer = new Answer();
        Attempt(s_first).SetException(new SocketException((int)SocketError.ConnectionRefused));
        Attempt(s_second).SetResult(answer);

        var race = RunAsync(s_first, s_second);

        Assert.Same(answer, await race.WaitAsync(AddressRace.HeadStart * 40, Token));
    }

    [Fact]
    public async Task Race_TwoAnswerAtOnce_TheLoserIsClosed()
    {
        var (winner, loser) = (new Answer(), new Answer());
        _cancelled = address =>
        {
            // It was connected already when it was cancelled.
            Attempt(address).TrySetResult(loser);
        };
        Attempt(s_second).SetResult(winner);

        Assert.Same(winner, await RunAsync(s_first, s_second));
        Assert.True(loser.IsClosed);
        Assert.False(winner.IsClosed);
    }

    [Fact]
    public async Task Race_AllFail_TheFirstReasonIsTold()
    {
        var reason = new SocketException((int)SocketError.HostUnreachable);
        Attempt(s_first).SetException(reason);
        Attempt(s_second).SetException(new SocketException((int)SocketError.ConnectionRefused));

        Assert.Same(reason, await Assert.ThrowsAsync<SocketException>(() => RunAsync(s_first, s_second)));
    }

    [Fact]
    public async Task Race_Cancelled_EndsAllAttempts()
    {
        var race = RunAsync(s_first, s_second, s_third);

        await _cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => race);
        Assert.All(_attempts.Values, attempt => Assert.True(attempt.Task.IsCanceled));
    }

    private Task<Answer> RunAsync(params IPAddress[] addresses) =>
        AddressRace.RunAsync(addresses, ConnectAsync, TimeProvider.System, _cancel.Token);

    private async Task<Answer> ConnectAsync(IPAddress address, CancellationToken cancellationToken)
    {
        var attempt = Attempt(address);
        await using var registration = cancellationToken.Register(() =>
        {
            _cancelled?.Invoke(address);
            attempt.TrySetCanceled(cancellationToken);
        });
        return await attempt.Task;
    }

    private TaskCompletionSource<Answer> Attempt(IPAddress address)
    {
        lock (_attempts)
        {
            return _attempts.TryGetValue(address, out var attempt)
                ? attempt
                : _attempts[address] = new TaskCompletionSource<Answer>();
        }
    }

    private sealed class Answer : IAsyncDisposable
    {
        public bool IsClosed { get; private set; }

        public ValueTask DisposeAsync()
        {
            IsClosed = true;
            return default;
        }
    }
}
