using System.Net.Sockets;
using System.Text;
using KqueueTransport.IntegrationTests.Net;

namespace KqueueTransport.IntegrationTests.Survival;

/// <summary>HAProxy in front of servers on loopback, which it asks ten times a second whether they are there.</summary>
internal sealed class HaproxyProcess : IAsyncDisposable
{
    private const string HealthCheck = "check inter 100ms fall 1 rise 1";

    private readonly RunningProgram _program;
    private readonly string _control;
    private readonly string _configuration;

    private HaproxyProcess(RunningProgram program, string control, string configuration)
    {
        _program = program;
        _control = control;
        _configuration = configuration;
    }

    public static async Task<HaproxyProcess> StartAsync(int port, IReadOnlyList<int> servers)
    {
        var haproxy = Tool.Require("haproxy", "haproxy");
        var control = UnixPath.Next();
        var configuration = Path.GetTempFileName();
        await File.WriteAllTextAsync(configuration, Configure(port, servers, control));
        return new HaproxyProcess(RunningProgram.Start(haproxy.Path, ["-f", configuration]), control, configuration);
    }

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

    // A server that stops may close a connection at the moment when a request comes: HTTP has the client send it again
    // (RFC 9112, section 9.3.1), which is what retry-on does for one that got no answer.
    private static string Configure(int port, IReadOnlyList<int> servers, string control) =>
        $"""
        global
          stats socket {control}
        defaults
          mode http
          timeout connect 5s
          timeout client 30s
          timeout server 30s
          timeout check 5s
          retries 3
          option redispatch 1
          retry-on conn-failure empty-response
        frontend clients
          bind 127.0.0.1:{port}
          default_backend servers
        backend servers
          option httpchk GET /plaintext
        {string.Join('\n', servers.Select((server, i) => $"  server s{i} 127.0.0.1:{server} {HealthCheck}"))}

        """;
}
