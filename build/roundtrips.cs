// What one conversation costs a server, by how long its client thinks between an answer and the next request: the
// table in src/KqueueTransport/docs/internals.md. samples/WebApp on this transport and on Kestrel's Sockets, both alive
// and warm, in short windows of one and the other. Needs Linux, a Release build, and two processors: the client keeps
// one of them busy, so that it is never late.
//
//     dotnet run build/roundtrips.cs

#:property PublishAot=false

using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

const int Pairs = 12;

// Student's t for 95 % of the means of so many pairs.
const double T = 2.201;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Environment.CurrentDirectory = Path.GetDirectoryName((string)AppContext.GetData("EntryPointFileDirectoryPath")!)!;
using var sockets = new Conversation("sockets");
using var kqueue = new Conversation("kqueue");
foreach (var conversation in new[] { sockets, kqueue })
{
    // Until the compiler has nothing left to do.
    conversation.Measure(pauseMicroseconds: 100, TimeSpan.FromSeconds(4));
    conversation.Measure(pauseMicroseconds: 0, TimeSpan.FromSeconds(4));
}

Console.WriteLine(
    "| the client thinks for | round trip, Sockets | kqueue | CPU per request, Sockets | kqueue | ratio |");
Console.WriteLine("| ---: | ---: | ---: | ---: | ---: | ---: |");
foreach (var pause in new[] { 0, 20, 50, 100, 200, 500, 1_000 })
{
    var pairs = Enumerable.Range(0, Pairs).Select(pair =>
    {
        // What the one leaves behind, the other finds: each is first in every second pair.
        var (first, second) = pair % 2 == 0 ? (sockets, kqueue) : (kqueue, sockets);
        var (one, other) = (first.Measure(pause, s_window), second.Measure(pause, s_window));
        return pair % 2 == 0 ? (Sockets: one, Kqueue: other) : (Sockets: other, Kqueue: one);
    }).ToArray();
    var logs = pairs.Select(pair => Math.Log(pair.Kqueue.Cpu / pair.Sockets.Cpu)).ToArray();
    var half = T * Math.Sqrt(logs.Sum(log => Math.Pow(log - logs.Average(), 2)) / (Pairs - 1) / Pairs);
    Console.WriteLine(
        $"| {pause:N0} µs | {pairs.Average(pair => pair.Sockets.RoundTrip):N0} µs | " +
        $"{pairs.Average(pair => pair.Kqueue.RoundTrip):N0} µs | {pairs.Average(pair => pair.Sockets.Cpu):N1} µs | " +
        $"{pairs.Average(pair => pair.Kqueue.Cpu):N1} µs | " +
        $"{Math.Exp(logs.Average()):N2} ± {Math.Exp(logs.Average()) * (Math.Exp(half) - 1):N2} |");
}

/// <summary>A server's process, and the one connection to it.</summary>
internal sealed class Conversation : IDisposable
{
    private readonly Process _server;
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _request = "GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"u8.ToArray();
    private readonly byte[] _answer = new byte[4096];
    private readonly Dictionary<string, long> _cpu = [];

    public Conversation(string transport)
    {
        _server = Process.Start(new ProcessStartInfo(
            "samples/WebApp/bin/Release/net10.0/WebApp", $"--transport {transport} --port 0")
        {
            RedirectStandardOutput = true,
        })!;
        var address = _server.StandardOutput.ReadLine()!.Split(' ')[0];
        _socket.Connect(IPAddress.Loopback, new Uri(address).Port);
    }

    /// <summary>Asks for so long, and returns microseconds for each request.</summary>
    public (double RoundTrip, double Cpu) Measure(int pauseMicroseconds, TimeSpan window)
    {
        var pause = TimeSpan.FromMicroseconds(pauseMicroseconds);
        var (began, cpu, requests, waited) = (Stopwatch.GetTimestamp(), CpuMicroseconds(), 0, TimeSpan.Zero);
        while (Stopwatch.GetElapsedTime(began) < window)
        {
            var asked = Stopwatch.GetTimestamp();
            _socket.Send(_request);
            var length = 0;
            while (!_answer.AsSpan(0, length).EndsWith("Hello, World!"u8))
            {
                var received = _socket.Receive(_answer.AsSpan(length));
                length += received > 0 ? received : throw new IOException("The server has ended the connection.");
            }

            var answered = Stopwatch.GetTimestamp();
            waited += Stopwatch.GetElapsedTime(asked, answered);
            requests++;
            while (Stopwatch.GetElapsedTime(answered) < pause)
            {
            }
        }

        return (waited.TotalMicroseconds / requests, (CpuMicroseconds() - cpu) / requests);
    }

    public void Dispose()
    {
        _socket.Dispose();
        _server.Kill();
        _server.WaitForExit();
        _server.Dispose();
    }

    // Of all threads, to the nanosecond, where /proc/PID/stat counts hundredths of a second; also of those that have
    // ended since they were seen.
    private double CpuMicroseconds()
    {
        foreach (var thread in Directory.GetDirectories($"/proc/{_server.Id}/task"))
        {
            try
            {
                _cpu[thread] = long.Parse(
                    File.ReadAllText($"{thread}/schedstat").Split(' ')[0], CultureInfo.InvariantCulture);
            }
            catch (IOException)
            {
                // It has ended just now.
            }
        }

        return _cpu.Values.Sum() / 1e3;
    }
}

internal static partial class Program
{
    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(0.5);
}
