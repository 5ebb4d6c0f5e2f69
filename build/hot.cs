// What it costs that the busy connections of a server meet on one of its loops: 8 of 1,000 make request after request,
// two on each of four loops or all on one, in turn. The table of src/KqueueTransport/docs/many-cores.md.
//
//     dotnet run build/hot.cs

#:sdk Microsoft.NET.Sdk.Web
#:project ../src/KqueueTransport
#:property PublishAot=false

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Kqueue.EventLoops;

const int Loops = 4;
const int Hot = 8;
const int Connections = 1_000;
const int Pairs = 12;

// Student's t for 95 % of the means of so many pairs.
const double T = 2.201;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var loops = new ConcurrentDictionary<EventLoop, int>();
await using var server = Serve(loops);
await server.StartAsync();
var port = new Uri(server.Urls.First()).Port;
var byLoop = Enumerable.Range(0, Connections).Select(_ => new HotConnection(port)).ToList()
    .GroupBy(connection => connection.AskForLoop())
    .Select(connections => connections.ToArray()).ToArray();
var together = byLoop[0][..Hot];
var apart = byLoop.SelectMany(connections => connections[..(Hot / Loops)]).ToArray();

Console.WriteLine(
    "| the handler | requests per second, on one loop | spread | ratio, 95 % | p99, on one loop | spread |");
Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: |");
foreach (var (path, name) in new[]
{
    ("quick", "answers at once"), ("compute", "computes for 100 us"), ("block", "blocks for 5 ms"),
})
{
    Window.Of(together, path);
    Window.Of(apart, path);
    var pairs = Enumerable.Range(0, Pairs)
        .Select(_ => (One: Window.Of(together, path), Spread: Window.Of(apart, path))).ToArray();
    var logs = pairs.Select(pair => Math.Log(pair.Spread.Rate / pair.One.Rate)).ToArray();
    var half = T * Math.Sqrt(logs.Sum(log => Math.Pow(log - logs.Average(), 2)) / (Pairs - 1) / Pairs);
    var (one, spread) = (pairs.Select(pair => pair.One), pairs.Select(pair => pair.Spread));
    Console.WriteLine(
        $"| {name} | {one.Average(w => w.Rate):N0} | {spread.Average(w => w.Rate):N0} | " +
        $"{Math.Exp(logs.Average()):N2} ± {Math.Exp(logs.Average()) * (Math.Exp(half) - 1):N2} | " +
        $"{one.Average(w => w.P99Ms):N2} ms | {spread.Average(w => w.P99Ms):N2} ms |");
}

static WebApplication Serve(ConcurrentDictionary<EventLoop, int> loops)
{
    var builder = WebApplication.CreateBuilder();
    builder.Logging.ClearProviders();
    builder.WebHost.UseKqueueTransport(options => options.LoopCount = Loops);
    builder.WebHost.UseUrls("http://127.0.0.1:0");
    var server = builder.Build();
    server.Run(context =>
    {
        switch (context.Request.Path.Value)
        {
            case "/compute":
                var until = Stopwatch.GetTimestamp() + (Stopwatch.Frequency / 10_000);
                while (Stopwatch.GetTimestamp() < until)
                {
                }

                break;
            case "/block":
                Thread.Sleep(5);
                break;
        }

        context.Response.ContentLength = 1;
        var loop = EventLoop.Current is { } current ? loops.GetOrAdd(current, _ => loops.Count) : -1;
        return context.Response.WriteAsync(loop < 0 ? "-" : loop.ToString(CultureInfo.InvariantCulture));
    });
    return server;
}

/// <summary>A connection that waits for each answer on the thread that asks.</summary>
internal sealed class HotConnection : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
    {
        NoDelay = true,
    };

    private readonly byte[] _answer = new byte[1024];

    public HotConnection(int port) => _socket.Connect(IPAddress.Loopback, port);

    /// <summary>The one byte of the answer.</summary>
    public string Ask(string path)
    {
        _socket.Send(Encoding.ASCII.GetBytes($"GET /{path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        var length = 0;
        while (length < 5 || !_answer.AsSpan(length - 5, 4).SequenceEqual("\r\n\r\n"u8))
        {
            var received = _socket.Receive(_answer.AsSpan(length));
            length += received > 0 ? received : throw new IOException("The server has ended the connection.");
        }

        return Encoding.ASCII.GetString(_answer, length - 1, 1);
    }

    /// <summary>The number of its loop. A handler that computed, as a cold one does, runs on the thread pool.</summary>
    public int AskForLoop()
    {
        string answer;
        do
        {
            answer = Ask("loop");
        }
        while (answer == "-");

        return int.Parse(answer, CultureInfo.InvariantCulture);
    }

    public void Dispose() => _socket.Dispose();
}

/// <summary>What connections got in a second and a half, each by a thread of its own.</summary>
internal sealed record Window(double Rate, double P99Ms)
{
    public static Window Of(HotConnection[] connections, string path)
    {
        var (began, times) = (Stopwatch.GetTimestamp(), new ConcurrentBag<List<double>>());
        var threads = connections.Select(connection => new Thread(() =>
        {
            var own = new List<double>(100_000);
            while (Stopwatch.GetElapsedTime(began).TotalSeconds < 1.5)
            {
                var asked = Stopwatch.GetTimestamp();
                connection.Ask(path);
                own.Add(Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
            }

            times.Add(own);
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        var all = times.SelectMany(own => own).Order().ToArray();
        return new Window(all.Length / Stopwatch.GetElapsedTime(began).TotalSeconds, all[all.Length * 99 / 100]);
    }
}
