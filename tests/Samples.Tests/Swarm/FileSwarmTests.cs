using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using FileSwarm;
using FileSwarm.Wire;

namespace Samples.Tests.Swarm;

/// <summary>samples/FileSwarm: its own clients, in processes of their own, and peers that misbehave.</summary>
public sealed partial class FileSwarmTests : SampleTests
{
    private readonly string _folder;

    public FileSwarmTests() => _folder = Own(new TestFolder()).Path;

    [Fact]
    public async Task Demo_Tcp_TenClientsHaveTheFile()
    {
        var end = await RunAsync("FileSwarm", "demo", "--protocol", "tcp", "--size", "4", "--clients", "10");

        Assert.Equal((0, ""), (end.ExitCode, end.Errors));
        Assert.Contains("copies       10 of 10 right by SHA-256", end.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Demo_UdpWithLoss_FiveClientsHaveTheFile()
    {
        var end = await RunAsync(
            "FileSwarm", "demo", "--protocol", "udp", "--loss", "5", "--size", "1", "--clients", "5");

        Assert.Equal((0, ""), (end.ExitCode, end.Errors));
        Assert.Contains("copies       5 of 5 right by SHA-256", end.Output, StringComparison.Ordinal);
        Assert.Matches(@"[1-9]\d* datagrams dropped on purpose by the server", end.Output);
    }

    [Fact]
    public async Task Demo_TcpWithLoss_LosesControlMessagesOnly()
    {
        var end = await RunAsync("FileSwarm", "demo", "--loss", "10", "--size", "1", "--clients", "5");

        Assert.Equal((0, ""), (end.ExitCode, end.Errors));
        Assert.Contains("copies       5 of 5 right by SHA-256", end.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tcp")]
    [InlineData("udp")]
    public async Task Clients_OfTwoProcesses_HaveTheFile(string protocol)
    {
        var file = MakeFile("original", 700_001);
        var (server, address) = await StartServerAsync(file, protocol, clients: 5);
        var first = Start("FileSwarm", ClientsOf(address, protocol, 2, "--folder", Path.Combine(_folder, "a")));
        var second = Start("FileSwarm", ClientsOf(address, protocol, 3, "--folder", Path.Combine(_folder, "b")));

        var ends = new[] { server, first, second }.Select(program => program.WaitForEndAsync(Deadline));
        Assert.All(await Task.WhenAll(ends), end => Assert.Equal((0, ""), (end.ExitCode, end.Errors)));

        var original = await File.ReadAllBytesAsync(file, Deadline);
        var copies = Directory.GetFiles(_folder, "copy-*", SearchOption.AllDirectories);
        Assert.Equal(5, copies.Length);
        Assert.All(copies, copy => Assert.True(original.AsSpan().SequenceEqual(File.ReadAllBytes(copy))));
    }

    [Fact]
    public async Task Demo_CsvAndPlot_AreWritten()
    {
        var (csv, plot) = (Path.Combine(_folder, "trips.csv"), Path.Combine(_folder, "trips.svg"));

        var end = await RunAsync(
            "FileSwarm", "demo", "--size", "1", "--chunk", "10000", "--clients", "3", "--csv", csv, "--plot", plot);

        Assert.Equal((0, ""), (end.ExitCode, end.Errors));
        var lines = await File.ReadAllLinesAsync(csv, Deadline);
        Assert.Equal("client,chunk,bytes,attempts,answered_ms,round_trip_ms", lines[0]);
        Assert.Equal(
            Enumerable.Range(1, 3).SelectMany(_ => Enumerable.Range(0, 100)).Order(),
            lines.Skip(1).Select(line => int.Parse(line.Split(',')[1], CultureInfo.InvariantCulture)).Order());
        Assert.Equal("svg", XDocument.Load(plot).Root!.Name.LocalName);
        Assert.Matches(@"round trips  mean [\d.]+ ms, p50 [\d.]+ ms, p99 [\d.]+ ms", end.Output);
        Assert.Empty(Directory.GetFiles(_folder, "copy-*"));
    }

    [Fact]
    public async Task Client_KilledInTheMiddle_TheOthersHaveTheFile()
    {
        var file = MakeFile("original", 3_000_000);
        var (server, address) = await StartServerAsync(file, "udp", clients: 4);
        var victim = Start("FileSwarm", ClientsOf(address, "udp", 1, "--folder", Path.Combine(_folder, "victim")));

        // The copy is made when the server has welcomed it. It holds a quarter of the file, in part or already whole,
        // and gets no more before the others are there.
        await CopyExistsAsync(Path.Combine(_folder, "victim"));
        victim.Kill();

        var end = await RunAsync("FileSwarm", ClientsOf(address, "udp", 3, "--window", "1"));
        var serverEnd = await server.WaitForEndAsync(Deadline);
        Assert.Equal((0, ""), (end.ExitCode, end.Errors));
        Assert.Equal(1, serverEnd.ExitCode);
        Assert.Contains("3 of 4 clients have the whole file", serverEnd.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Peer_SendsWhatItShouldNot_TheOthersHaveTheFile()
    {
        var (server, address) = await StartServerAsync(MakeFile("original", 200_000), "tcp", clients: 3);
        using var peer = await OddPeer.JoinAsync(address, Protocol.Tcp, Deadline);
        using var stranger = await OddPeer.ConnectAsync(address, Deadline);

        var request = MessageCodec.Frame(new MessageHeader(MessageKind.Request, 1_000_000, -1));
        await peer.SendDatagramAsync(request[..9], Deadline);
        await peer.SendDatagramAsync([], Deadline);
        await peer.SendDatagramAsync(request, Deadline);
        var refusal = await peer.ReceiveDatagramAsync(Deadline);
        await stranger.SendStreamAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray(), Deadline);
        Assert.Equal(0, await stranger.ReceiveStreamAsync(Deadline));
        var others = Start("FileSwarm", ClientsOf(address, "tcp", 2));
        peer.Dispose();

        var end = await others.WaitForEndAsync(Deadline);
        var errors = (await server.WaitForEndAsync(Deadline)).Errors;
        Assert.Equal((0, ""), (end.ExitCode, end.Errors));
        Assert.Equal(new MessageHeader(MessageKind.Refusal, 1_000_000, (int)RefusalReason.OutOfRange), refusal);
        Assert.Contains("client #1 has sent a message that is cut short", errors, StringComparison.Ordinal);
        Assert.Contains("client #1 asks for chunk 1000000; there are 4.", errors, StringComparison.Ordinal);
        Assert.Contains("has sent something that is no message of this program", errors, StringComparison.Ordinal);
        Assert.Contains("client #1 has closed the connection; the others go on", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Garbage_InStreamsAndDatagrams_TheClientsHaveTheFile()
    {
        const int Count = 150;
        var (server, address) = await StartServerAsync(MakeFile("original", 200_000), "tcp", clients: 2);
        var garbage = new GarbageClients(IPEndPoint.Parse(address));
        using var peer = await OddPeer.ConnectAsync(address, Deadline);

        await garbage.TalkAsync(Count, Deadline);
        for (var seed = 1; seed <= Count; seed++)
        {
            await peer.SendDatagramAsync(GarbageClients.Make(new Random(seed)), Deadline);
        }

        var end = await RunAsync("FileSwarm", ClientsOf(address, "tcp", 2));
        Assert.Equal((0, ""), (end.ExitCode, end.Errors));
        Assert.Equal(0, (await server.WaitForEndAsync(Deadline)).ExitCode);
        Survived.Print("garbage to FileSwarm", [.. garbage.Counts, (Count, "datagrams of garbage")]);
    }

    [Fact]
    public async Task Server_PortInUse_IsOneLineOnStandardErrorAndExit1()
    {
        var file = MakeFile("original", 1000);
        var (_, address) = await StartServerAsync(file, "tcp", clients: 1);

        AssertRefused(await RunAsync("FileSwarm", "server", "--file", file, "--listen", address), "use");
    }

    [Fact]
    public async Task Signal_ServerWaitsForClients_IsOneLineOnStandardErrorAndExit1()
    {
        var (server, _) = await StartServerAsync(MakeFile("original", 1000), "tcp", clients: 1);

        server.Signal(PosixSignal.SIGINT);

        AssertRefused(await server.WaitForEndAsync(Deadline), "stopped before every client had its copy");
    }

    [Fact]
    public async Task Server_FileMissing_IsOneLineOnStandardErrorAndExit1() => AssertRefused(
        await RunAsync("FileSwarm", "server", "--file", Path.Combine(_folder, "nothing")), "does not exist");

    [Fact]
    public async Task Server_FileEmpty_IsOneLineOnStandardErrorAndExit1() => AssertRefused(
        await RunAsync("FileSwarm", "server", "--file", MakeFile("empty", 0)), "is empty: there is nothing to spread");

    [Fact]
    public async Task Clients_OtherProtocolThanTheServer_AreToldSo()
    {
        var (_, address) = await StartServerAsync(MakeFile("original", 1000), "udp", clients: 1);

        var end = await RunAsync("FileSwarm", ClientsOf(address, "tcp", 1));

        Assert.Equal(1, end.ExitCode);
        Assert.Contains("by the other protocol", end.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clients_MoreThanTheServerWaitsFor_AreToldSoAndTheOthersHaveTheFile()
    {
        var (server, address) = await StartServerAsync(MakeFile("original", 100_000), "tcp", clients: 2);

        var end = await RunAsync("FileSwarm", ClientsOf(address, "tcp", 3));

        Assert.Equal(1, end.ExitCode);
        Assert.Contains("copies       2 of 3 right", end.Output, StringComparison.Ordinal);
        Assert.Contains("all the clients that it waits for", end.Errors, StringComparison.Ordinal);
        Assert.Equal(0, (await server.WaitForEndAsync(Deadline)).ExitCode);
    }

    [Fact]
    public async Task Clients_NoServer_AreToldSo()
    {
        using var nobody = TakePort();

        var end = await RunAsync("FileSwarm", ClientsOf($"{nobody.LocalEndPoint}", "tcp", 2));

        Assert.Equal(1, end.ExitCode);
        Assert.Contains("it refuses the connection", end.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("server", "--protocol=sctp", "--protocol tcp|udp")]
    [InlineData("server", "--listen=here", "ADDRESS:PORT")]
    [InlineData("clients", "--clients=1001", "1 to 1000")]
    [InlineData("demo", "--loss=100", "0 to 90")]
    [InlineData("demo", "--size=0", "1 to 100000")]
    [InlineData("server", "--clients=2", "--file")]
    public async Task Option_Wrong_IsOneLineOnStandardErrorAndExit1(string command, string argument, string instead) =>
        AssertRefused(await RunAsync("FileSwarm", command, argument), instead);

    [Fact]
    public async Task Chunk_TooLongForADatagram_IsOneLineOnStandardErrorAndExit1() => AssertRefused(
        await RunAsync("FileSwarm", "demo", "--chunk", "70000", "--protocol", "udp"), "at most 65000");

    private string MakeFile(string name, int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        var path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private async Task<(RunningProgram Server, string Address)> StartServerAsync(
        string file, string protocol, int clients)
    {
        var server = Start(
            "FileSwarm", "server", "--listen", "127.0.0.1:0", "--file", file, "--protocol", protocol,
            "--clients", $"{clients}");
        return (server, StartLine().Match(await server.ReadLineAsync(Deadline)).Groups[1].Value);
    }

    private static string[] ClientsOf(string address, string protocol, int count, params string[] more) =>
        ["clients", "--server", address, "--protocol", protocol, "--clients", $"{count}", .. more];

    private async Task CopyExistsAsync(string folder)
    {
        while (!Directory.Exists(folder) || Directory.GetFiles(folder, "copy-*").Length == 0)
        {
            await Task.Delay(10, Deadline);
        }
    }

    [GeneratedRegex(@"^listening on (127\.0\.0\.1:\d+), .+ bytes in chunks of .+ for \d+ clients, SHA-256 \w{64}$")]
    private static partial Regex StartLine();
}
