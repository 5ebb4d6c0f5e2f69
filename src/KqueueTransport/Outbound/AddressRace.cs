using System.Net;
using System.Net.Sockets;

namespace KqueueTransport.Outbound;

/// <summary>
/// Connects to the first address of a name that answers. The families take turns, and each address gets a head start
/// before the next is tried beside it, so that a broken IPv6 costs a moment and not a timeout (RFC 8305).
/// </summary>
internal static class AddressRace
{
    /// <summary>The "Connection Attempt Delay" that RFC 8305, section 5, recommends.</summary>
    public static readonly TimeSpan HeadStart = TimeSpan.FromMilliseconds(250);

    /// <summary>The addresses in the order of the attempts: the resolver's, with the families taking turns.</summary>
    public static IPAddress[] InTurns(IReadOnlyList<IPAddress> addresses) =>
    [
        .. addresses.GroupBy(address => address.AddressFamily)
            .SelectMany(family => family.Index())
            .OrderBy(entry => entry.Index)
            .Select(entry => entry.Item),
    ];

    /// <summary>Runs the race. Whoever loses is closed before this returns.</summary>
    /// <param name="addresses">In the order of the attempts; not empty.</param>
    /// <param name="connect">Makes one attempt, whose cancellation does not block.</param>
    /// <param name="clock">Tells the head start.</param>
    /// <param name="cancellationToken">Ends all attempts.</param>
    /// <exception cref="SocketException">All have failed; the reason of the first that did.</exception>
    /// <exception cref="OperationCanceledException">Cancelled before one was connected.</exception>
    public static async Task<T> RunAsync<T>(
        IReadOnlyList<IPAddress> addresses,
        Func<IPAddress, CancellationToken, Task<T>> connect,
        TimeProvider clock,
        CancellationToken cancellationToken)
        where T : IAsyncDisposable
    {
        using var losers = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = new List<Task<T>>();
        Exception? firstFailure = null;
        var next = 0;
        try
        {
            while (true)
            {
                if (next < addresses.Count)
                {
                    running.Add(connect(addresses[next++], losers.Token));
                }

                var hasNext = next < addresses.Count;
                var ended = await FirstAsync(running, hasNext, clock).ConfigureAwait(false);
                if (ended is null)
                {
                    continue;
                }

                running.Remove(ended);
                if (ended.IsCompletedSuccessfully)
                {
                    return await ended.ConfigureAwait(false);
                }

                firstFailure ??= ended.Exception?.InnerException ?? new OperationCanceledException(cancellationToken);
                if (running.Count == 0 && next == addresses.Count)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    throw firstFailure;
                }
            }
        }
        finally
        {
            losers.Cancel();
            await CloseAllAsync(running).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// The attempt that ended first, or null when it is time for the next one. A cancellation ends the attempts.
    /// </summary>
    private static async Task<Task<T>?> FirstAsync<T>(List<Task<T>> running, bool hasNext, TimeProvider clock)
    {
        try
        {
            return await Task.WhenAny(running).WaitAsync(hasNext ? HeadStart : Timeout.InfiniteTimeSpan, clock)
                .ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    private static async Task CloseAllAsync<T>(List<Task<T>> running)
        where T : IAsyncDisposable
    {
        foreach (var attempt in running)
        {
            await ((Task)attempt).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (attempt.IsCompletedSuccessfully)
            {
                // Connected in the same moment as the winner: nobody wants it. Its disposal closes it before it
                // returns; what would be left to wait for is the callbacks of ConnectionClosed, and it has none.
                var unwanted = await attempt.ConfigureAwait(false);
                _ = unwanted.DisposeAsync().AsTask();
            }
        }
    }
}
