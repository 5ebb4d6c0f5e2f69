// What an idle connection of samples/WebApp holds after one request, object by object and by whose they are: the list
// in src/KqueueTransport/docs/internals.md. Needs Linux, wrk, a Release build, and the right to read another process.
//
//     dotnet run build/idle.cs                     on kqueue
//     dotnet run build/idle.cs -- sockets          on Kestrel's Sockets
//     dotnet run build/idle.cs -- kqueue raw       before the first byte

// Native code needs a package of the runtime that not every mirror has.
#:property PublishAot=false
#:package Microsoft.Diagnostics.Runtime

// A mirror may have what that package asks for in a later version only.
#:property NoWarn=$(NoWarn);NU1603

using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Diagnostics.Runtime;

const int Port = 15_700;
const int Before = 1_000;
const int Connections = 8_000;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Environment.CurrentDirectory = Path.GetDirectoryName((string)AppContext.GetData("EntryPointFileDirectoryPath")!)!;
var transport = args is ["sockets", ..] ? "sockets" : "kqueue";
var isRaw = args.Contains("raw");
var start = new ProcessStartInfo(
    "samples/WebApp/bin/Release/net10.0/WebApp", $"--transport {transport} --port {Port}")
{
    RedirectStandardOutput = true,
};
using var server = Process.Start(start)!;
var sockets = new List<Socket>();
try
{
    server.StandardOutput.ReadLine();

    // Compiled code is memory, too.
    Process.Start("wrk", $"-t1 -c64 -d3 http://127.0.0.1:{Port}/plaintext").WaitForExit();
    Open(sockets, isRaw, Before);
    var before = Snapshot.Of(server.Id);
    Open(sockets, isRaw, Connections);
    var after = Snapshot.Of(server.Id);

    Console.WriteLine($"resident {Each(after.Resident - before.Resident):N0}, per connection; in the heap:");
    foreach (var owner in after.Objects.GroupBy(type => OwnerOf(type.Key), type => Growth(type.Key)))
    {
        Console.WriteLine($"{owner.Sum(),7:N0}  {owner.Key}");
    }

    Console.WriteLine();
    foreach (var type in after.Objects.Keys.Where(type => Growth(type) >= 4).OrderByDescending(Growth))
    {
        Console.WriteLine($"{Growth(type),7:N0}  {type}");
    }

    double Growth(string type) => Each(after.Objects[type] - before.Objects.GetValueOrDefault(type));
}
finally
{
    server.Kill();
    server.WaitForExit();
    sockets.ForEach(socket => socket.Dispose());
}

static double Each(long bytes) => (double)bytes / Connections;

static string OwnerOf(string type) =>
    type == "Free" ? "nobody's: room between objects"
    : type.Contains("Kqueue") || type.Contains("Transport.Sockets") || type.StartsWith("System.Net.Sockets") ||
        type.StartsWith("System.IO.Pipelines.Pipe") || type == "System.Object" ? "the transport's"
    : type.Contains("Server.Kestrel") || type.Contains("SegmentAsValueType") ? "Kestrel's"
    : type.Contains("Microsoft.") ? "ASP.NET Core's"
    : "the runtime's, which all of them ask for";

static void Open(List<Socket> sockets, bool isRaw, int count)
{
    var request = "GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"u8;
    Span<byte> answer = stackalloc byte[1024];
    for (var i = 0; i < count; i++)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        sockets.Add(socket);

        // The third endpoint is a raw handler's.
        socket.Connect(IPAddress.Loopback, isRaw ? Port + 2 : Port);
        if (isRaw)
        {
            continue;
        }

        socket.Send(request);
        for (var received = 0; !answer[..received].EndsWith("Hello, World!"u8);)
        {
            received += socket.Receive(answer[received..]);
        }
    }

    // For what the server does after an accept or an answer.
    Thread.Sleep(1_500);
}

/// <summary>What a process holds that does nothing at the moment, garbage as well.</summary>
internal sealed record Snapshot(long Resident, Dictionary<string, long> Objects)
{
    public static Snapshot Of(int processId)
    {
        // Not the pages of files, which the look itself brings in.
        var resident = File.ReadLines($"/proc/{processId}/status").First(line => line.StartsWith("RssAnon:"));
        var kibibytes = long.Parse(resident.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]);
        using var target = DataTarget.AttachToProcess(processId, suspend: false);
        using var runtime = target.ClrVersions[0].CreateRuntime();
        var objects = new Dictionary<string, long>();
        foreach (var found in runtime.Heap.EnumerateObjects())
        {
            var type = found.Type?.Name ?? "?";
            objects[type] = objects.GetValueOrDefault(type) + (long)found.Size;
        }

        return new Snapshot(kibibytes * 1024, objects);
    }
}
