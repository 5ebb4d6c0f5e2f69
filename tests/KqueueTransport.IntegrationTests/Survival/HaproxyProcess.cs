using System.Net;
using System.Net.Sockets;
using System.Text;
using KqueueTransport.IntegrationTests.Net;

namespace KqueueTransport.IntegrationTests.Survival;

/// <summary>HAProxy in front of servers on loopback, which it asks ten times a second whether they are there.</summary>
internal sealed class HaproxyProcess : IAsyncDisposable
{
    // To connect, a check has these 100 ms, too, which may pass while HAProxy itself gets no core, and a server may get
    // none for longer than a check waits.
    private const string HealthCheck = "check inter 100ms fall 3 rise 1";

    private readonly RunningProgram _program;
    private readonly string _control;
    private readonly string _configuration;

    private HaproxyProcess(RunningProgram program, string control, string configuration)
    {
        _program = program;
        _control = control;
        _configuration = configuration;
    }

    /// <summary>Starts it on this host.</summary>
    /// <param name="endPoint">Where clients come to.</param>
    /// <param name="servers">Whom it asks for them.</param>
    /// <param name="serverOption">Another option of each server, such as <c>send-proxy</c>.</param>
    public static Task<HaproxyProcess> StartAsync(
        IPEndPoint endPoint, IReadOnlyList<IPEndPoint> servers, string serverOption = "") => StartAsync(
        endPoint, servers, patience: "30s", retryOn: "", serverOption,
        (haproxy, configuration) => RunningProgram.Start(haproxy.Path, ["-f", configuration]));

    /// <summary>Starts it on one of several hosts. A server that says nothing for two seconds is cut off.</summary>
    public static Task<HaproxyProcess> StartAsync(
        NetworkHosts hosts, int host, IPEndPoint endPoint, IReadOnlyList<IPEndPoint> servers) => StartAsync(
        endPoint, servers, patience: "2s", retryOn: "response-timeout", serverOption: "",
        (haproxy, configuration) => hosts.Start(host, haproxy, "-f", configuration));

    /// <summary>Whether a server's last check succeeded.</summary>
    public bool IsUp(int server)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(_control));
            socket.Send("show stat\n"u8);
            using var answer = new StreamReader(new NetworkStream(socket), Encoding.ASCII);
            return answer.ReadToEnd().Split('\n').Any(
                line => line.StartsWith($"servers,s{server},", StringComparison.Ordinal) &&
                    line.Contains(",UP,", StringComparison.Ordinal));
        }
        catch (SocketException)
        {
            // It is just starting.
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _program.DisposeAsync();
        File.Delete(_configuration);
        File.Delete(_control);
    }

    private static async Task<HaproxyProcess> StartAsync(
        IPEndPoint endPoint, IReadOnlyList<IPEndPoint> servers, string patience, string retryOn, string serverOption,
        Func<Tool, string, RunningProgram> start)
    {
        var haproxy = Tool.Require("haproxy", "haproxy");
        var control = UnixPath.Next();
        var configuration = Path.GetTempFileName();
        await File.WriteAllTextAsync(configuration, Configure(
            endPoint, servers, patience, retryOn, serverOption, control));
        return new HaproxyProcess(start(haproxy, configuration), control, configuration);
    }

    // A server that stops may close a connection at the moment when a request comes: HTTP has the client send it again
    // (RFC 9112, section 9.3.1), which is what retry-on does for one that got no answer.
    private static string Configure(
        IPEndPoint endPoint, IReadOnlyList<IPEndPoint> servers, string patience, string retryOn, string serverOption,
        string control) =>
        $"""
        global
          stats socket {control}
        defaults
          mode http
          timeout connect 5s
          timeout client 30s
          timeout server {patience}
          timeout check 5s
          retries 3
          option redispatch 1
          retry-on conn-failure empty-response {retryOn}
        frontend clients
          bind {endPoint}
          default_backend servers
        backend servers
          option httpchk GET /plaintext
        {string.Join('\n', servers.Select((server, i) => $"  server s{i} {server} {HealthCheck} {serverOption}"))}

        """;
}
