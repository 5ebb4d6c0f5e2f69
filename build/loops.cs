// What a number of event loops costs, counted with samples/WebApp, wrk and strace after a Release build: the table of
// src/KqueueTransport/docs/many-cores.md, and its storm of connections.
//
//     dotnet run build/loops.cs                    a row for each of 1, 2, 16 and 64 loops
//     dotnet run build/loops.cs -- 2 4             for each of these
//     dotnet run build/loops.cs -- storm 16        19,000 connections beside 64 busy ones, on 16 loops

// Native code needs a package of the runtime that not every mirror has.
#:property PublishAot=false

using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

const int Port = 15_800;
const int Idle = 8_000;
const int Storm = 19_000;
const int Busy = 64;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Environment.CurrentDirectory = Path.GetDirectoryName((string)AppContext.GetData("EntryPointFileDirectoryPath")!)!;
int[] counts = [.. args.Where(arg => arg != "storm").Select(arg => int.Parse(arg, CultureInfo.InvariantCulture))];
if (args.Contains("storm"))
{
    await StormAsync(counts is [var only] ? only : 16);
    return;
}

counts = counts is [] ? [1, 2, 16, 64] : counts;
Console.WriteLine(
    "| loops | bytes per connection | calls per connection of one request | " +
    $"calls per request, {Busy} connections | {Busy} for each loop | rate |");
Console.WriteLine("| ---: | ---: | ---: | ---: | ---: | ---: |");
var rates = RatesOf(counts);
foreach (var count in counts)
{
    var bytes = await BytesPerConnectionAsync(count);
    var (perConnection, calls) = CallsPer(count, Busy, "-H 'Connection: close'");
    var (perRequest, _) = CallsPer(count, Busy, "");
    var (perRequestOfMany, _) = CallsPer(count, Busy * count, "");
    var rate = rates[count] / rates[counts[0]];
    Console.WriteLine(
        $"| {count} | {bytes:N0} | {perConnection:N2} ({calls}) | {perRequest:N2} | {perRequestOfMany:N2} | " +
        $"{rate:N2} |");
}

// In turn and several times, so that what else runs meets all of them.
static Dictionary<int, double> RatesOf(int[] counts)
{
    var servers = counts.ToDictionary(count => count, count => Start(count, PortOf(count)));
    try
    {
        var rates = counts.ToDictionary(count => count, _ => new List<double>());
        for (var round = 0; round < 6; round++)
        {
            foreach (var count in counts)
            {
                var (requests, seconds, _) = Load(PortOf(count), "", round == 0 ? 3 : 2);
                rates[count].Add(requests / seconds);
            }
        }

        // The first round warms up.
        return rates.ToDictionary(rate => rate.Key, rate => rate.Value.Skip(1).Order().ElementAt(2));
    }
    finally
    {
        foreach (var server in servers.Values)
        {
            Stop(server);
        }
    }
}

static async Task<double> BytesPerConnectionAsync(int count)
{
    using var server = Start(count, Port);
    try
    {
        // The first ones also fill tables and pools.
        var first = await OpenAsync(Port + 1, 1_000);
        var before = await ResidentAsync(server);
        var rest = await OpenAsync(Port + 1, Idle);
        var after = await ResidentAsync(server);
        first.Concat(rest).ToList().ForEach(socket => socket.Dispose());
        return (double)(after - before) / Idle;
    }
    finally
    {
        Stop(server);
    }
}

static (double PerRequest, string Calls) CallsPer(int count, int connections, string header)
{
    using var server = Start(count, Port);
    try
    {
        Load(Port, header, seconds: 2, connections);
        using var trace = Process.Start("strace", $"-f -c -U name,calls -o /tmp/loops.strace -p {server.Id}");
        Thread.Sleep(1_500);
        var (requests, _, _) = Load(Port, header, seconds: 4, connections);
        Process.Start("kill", $"-INT {trace.Id}").WaitForExit();
        trace.WaitForExit();
        var calls = File.ReadLines("/tmp/loops.strace")
            .Select(line => Regex.Match(line, @"^(\w+)\s+(\d+)$"))
            .Where(match => match.Success && match.Groups[1].Value != "total")
            .Select(match => (Name: match.Groups[1].Value, Count: double.Parse(match.Groups[2].Value) / requests))
            .OrderByDescending(call => call.Count).ToList();
        var often = calls.Where(call => call.Count > 0.04).Select(call => $"{call.Name} {call.Count:N2}");
        return (calls.Sum(call => call.Count), string.Join(", ", often));
    }
    finally
    {
        Stop(server);
    }
}

static async Task StormAsync(int count)
{
    using var server = Start(count, Port);
    try
    {
        Load(Port, "", seconds: 3);
        var (alone, _, aloneP99) = Load(Port, "", seconds: 4);
        var load = Task.Run(() => Load(Port, "", seconds: 6));
        await Task.Delay(1_000);
        var began = Stopwatch.GetTimestamp();
        var sockets = await OpenAsync(Port + 1, Storm);
        var took = Stopwatch.GetElapsedTime(began);
        var (beside, _, besideP99) = await load;
        var resident = await ResidentAsync(server);
        Console.WriteLine(
            $"{count} loops, {sockets.Count:N0} connections answered in {took.TotalSeconds:N2} s, " +
            $"{sockets.Count / took.TotalSeconds:N0} per second; {resident / 1048576.0:N0} MiB; 64 busy: " +
            $"p99 {aloneP99} alone, {besideP99} with the storm; requests per second {alone / 4:N0}, {beside / 6:N0}");
        sockets.ForEach(socket => socket.Dispose());
    }
    finally
    {
        Stop(server);
    }
}

// Each has had an answer: it is accepted, and the application's.
static async Task<List<Socket>> OpenAsync(int port, int count)
{
    var sockets = new List<Socket>();
    while (sockets.Count < count)
    {
        var batch = Enumerable.Range(0, Math.Min(500, count - sockets.Count))
            .Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)).ToList();
        await Task.WhenAll(batch.Select(async socket =>
        {
            await socket.ConnectAsync(IPAddress.Loopback, port);
            await socket.SendAsync(new byte[1]);
            await socket.ReceiveAsync(new byte[1]);
        }));
        sockets.AddRange(batch);
    }

    return sockets;
}

static async Task<long> ResidentAsync(Process server)
{
    await Task.Delay(2_000);
    return long.Parse(File.ReadAllText($"/proc/{server.Id}/statm").Split(' ')[1]) * Environment.SystemPageSize;
}

static (double Requests, double Seconds, string P99) Load(
    int port, string header, int seconds, int connections = Busy)
{
    var command = $"wrk -t1 -c{connections} --latency -d{seconds} {header} http://127.0.0.1:{port}/plaintext";
    var start = new ProcessStartInfo("sh", ["-c", command])
    {
        RedirectStandardOutput = true,
    };
    using var wrk = Process.Start(start)!;
    var output = wrk.StandardOutput.ReadToEnd();
    wrk.WaitForExit();
    var match = Regex.Match(output, @"(\d+) requests in ([\d.]+)s");
    return (double.Parse(match.Groups[1].Value), seconds, Regex.Match(output, @"99%\s+(\S+)").Groups[1].Value);
}

static Process Start(int count, int port)
{
    var start = new ProcessStartInfo("samples/WebApp/bin/Release/net10.0/WebApp", $"--loops {count} --port {port}")
    {
        RedirectStandardOutput = true,
        Environment = { ["DOTNET_gcServer"] = "0" },
    };
    var server = Process.Start(start)!;
    server.StandardOutput.ReadLine();
    return server;
}

// A server has three, one after the other.
static int PortOf(int count) => Port + (4 * count);

static void Stop(Process server)
{
    server.Kill();
    server.WaitForExit();
}
