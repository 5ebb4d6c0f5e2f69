using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Common.Servers;

/// <summary>
/// A suite that runs on every transport. It owns what its test starts, ends every wait after a minute, and fails a test
/// that leaves an error in the log, or does with a block of the memory pool what must not be done.
/// </summary>
/// <param name="transport">What it runs on.</param>
/// <param name="minutes">When every wait ends, for a test that starts many programs.</param>
public abstract class TransportSuite(TestTransport transport, int minutes = 1) : IAsyncDisposable
{
    private readonly CancellationTokenSource _deadline = MakeDeadline(minutes);
    private readonly ConcurrentStack<object> _owned = new(); // Tests connect from several threads.
    private readonly CheckingMemoryPoolFactory _memory = new();

    protected TestTransport Transport => transport.OnUnlessElsewhere(_memory);

    protected ErrorLog Log { get; } = new();

    /// <summary>Gets the token that every wait of a test takes.</summary>
    protected CancellationToken Deadline => _deadline.Token;

    public async ValueTask DisposeAsync()
    {
        while (_owned.TryPop(out var owned))
        {
            if (owned is IAsyncDisposable asynchronous)
            {
                await asynchronous.DisposeAsync();
            }
            else
            {
                ((IDisposable)owned).Dispose();
            }
        }

        await Until.TrueAsync(() => !NothingLeft.IsAsked || _memory.RentedBytes == 0, Deadline);
        _deadline.Dispose();
        Log.AssertNothingUnexpected();
        Assert.Empty(_memory.Violations);
        GC.SuppressFinalize(this);
    }

    private protected async Task<KestrelHost> StartKestrelAsync(
        Action<KestrelServerOptions> listen,
        Action<WebApplication> map,
        Action<WebApplicationBuilder>? configure = null) =>
        Own(await KestrelHost.StartAsync(Transport, Log, listen, map, configure, Deadline));

    /// <summary>Starts Kestrel on one endpoint with one handler for everything.</summary>
    private protected Task<KestrelHost> ServeAsync(RequestDelegate handler) =>
        StartKestrelAsync(kestrel => kestrel.Listen(IPAddress.Loopback, 0), app => app.Run(handler));

    /// <summary>Starts Kestrel on one endpoint whose connections a handler has to itself.</summary>
    private protected async Task<EndPoint> HandleAsync(Func<ConnectionContext, Task> handler)
    {
        var server = await StartKestrelAsync(
            kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Run(context => handler(context))),
            _ => { });
        return server.EndPoint;
    }

    private protected Task<RawConnection> ConnectAsync(EndPoint endPoint) =>
        RawConnection.ConnectAsync(endPoint, Deadline);

    private protected T Own<T>(T owned)
        where T : IAsyncDisposable
    {
        _owned.Push(owned);
        return owned;
    }

    private protected void OwnSynchronous(IDisposable owned) => _owned.Push(owned);

    private static CancellationTokenSource MakeDeadline(int minutes)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        source.CancelAfter(TimeSpan.FromMinutes(minutes));
        return source;
    }
}
