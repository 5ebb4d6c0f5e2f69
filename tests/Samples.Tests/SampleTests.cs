using System.Net;
using System.Net.Sockets;

namespace Samples.Tests;

/// <summary>
/// Tests of one sample, which runs in processes of its own. Every wait ends after a minute, and what a test started
/// ends with it.
/// </summary>
public abstract class SampleTests : IAsyncDisposable
{
    private readonly CancellationTokenSource _deadline = MakeDeadline();
    private readonly Stack<IAsyncDisposable> _owned = new();

    /// <summary>Gets the token that every wait of a test takes.</summary>
    protected CancellationToken Deadline => _deadline.Token;

    public async ValueTask DisposeAsync()
    {
        while (_owned.TryPop(out var owned))
        {
            await owned.DisposeAsync();
        }

        _deadline.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Starts a sample.</summary>
    private protected RunningProgram Start(string sample, params string[] arguments) =>
        Own(RunningProgram.StartSample(sample, arguments));

    /// <summary>Runs a sample to its end, as with arguments that it should refuse.</summary>
    private protected Task<FinishedProcess> RunAsync(string sample, params string[] arguments) =>
        Start(sample, arguments).WaitForEndAsync(Deadline);

    /// <summary>Asserts that a sample said in one line what is wrong.</summary>
    private protected static void AssertRefused(FinishedProcess end, string reason)
    {
        Assert.Equal((1, ""), (end.ExitCode, end.Output));
        Assert.Contains(reason, Assert.Single(end.Errors.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    /// <summary>A port on which nobody listens, for programs that cannot pick one.</summary>
    private protected static int FreePort()
    {
        using var socket = TakePort();
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>A port on which nobody listens, nor can meanwhile, for clients of nobody.</summary>
    private protected static Socket TakePort()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private protected T Own<T>(T owned)
        where T : IAsyncDisposable
    {
        _owned.Push(owned);
        return owned;
    }

    private static CancellationTokenSource MakeDeadline()
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        source.CancelAfter(TimeSpan.FromMinutes(1));
        return source;
    }
}
