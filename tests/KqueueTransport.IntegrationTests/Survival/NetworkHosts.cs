namespace KqueueTransport.IntegrationTests.Survival;

/// <summary>
/// Three hosts, which are network namespaces, on one wire, which is a bridge in the first: a server and two clients. It
/// takes root.
/// </summary>
internal sealed class NetworkHosts : IAsyncDisposable
{
    public const string ServerAddress = "10.77.0.1";

    private readonly Tool _ip;
    private readonly CancellationToken _deadline;
    private readonly List<string> _built = [];
    private readonly string _prefix = $"kqt{Random.Shared.Next(10_000)}";

    private NetworkHosts(Tool ip, CancellationToken deadline)
    {
        _ip = ip;
        _deadline = deadline;
    }

    public string Server => $"{_prefix}s";

    public static async Task<NetworkHosts> CreateAsync(CancellationToken deadline)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Network namespaces are Linux's.");
        var hosts = new NetworkHosts(Tool.Require("ip", "iproute2"), deadline);
        await hosts.AddServerOrSkipAsync();
        try
        {
            await hosts.BuildAsync();
            return hosts;
        }
        catch
        {
            await hosts.DisposeAsync();
            throw;
        }
    }

    public string Client(int number) => $"{_prefix}c{number}";

    /// <summary>The line of bash that runs a program on a host.</summary>
    public string On(string host) => $"exec {_ip.Path} netns exec {host} \"$@\"";

    /// <summary>Runs a program on a host to its end.</summary>
    public Task<string> RunAsync(string host, Tool tool, params string[] arguments) =>
        _ip.RunAsync(_deadline, ["netns", "exec", host, tool.Path, .. arguments]);

    /// <summary>Pulls a client's plug, or puts it back in. Nobody is told: no FIN and no RST gets through.</summary>
    public Task PlugAsync(int client, bool isIn) =>
        IpAsync("-n", Server, "link", "set", Port(client), isIn ? "up" : "down");

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _built)
        {
            await _ip.RunAsync(CancellationToken.None, "netns", "del", host);
        }
    }

    private static string Port(int client) => $"port{client}";

    private async Task AddServerOrSkipAsync()
    {
        try
        {
            await AddAsync(Server);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            Assert.Skip($"Network namespaces take root and CAP_SYS_ADMIN: {exception.Message}");
        }
    }

    private async Task BuildAsync()
    {
        await IpAsync("-n", Server, "link", "add", "wire", "type", "bridge");
        await IpAsync("-n", Server, "addr", "add", $"{ServerAddress}/24", "dev", "wire");
        await IpAsync("-n", Server, "link", "set", "wire", "up");
        await IpAsync("-n", Server, "link", "set", "lo", "up");
        for (var client = 1; client <= 2; client++)
        {
            await AddAsync(Client(client));
            await IpAsync(
                "-n", Server, "link", "add", Port(client), "type", "veth",
                "peer", "name", "eth", "netns", Client(client));
            await IpAsync("-n", Server, "link", "set", Port(client), "master", "wire", "up");
            await IpAsync("-n", Client(client), "addr", "add", $"10.77.0.{client + 1}/24", "dev", "eth");
            await IpAsync("-n", Client(client), "link", "set", "eth", "up");
        }
    }

    private async Task AddAsync(string host)
    {
        await IpAsync("netns", "add", host);
        _built.Add(host);
    }

    private Task<string> IpAsync(params string[] arguments) => _ip.RunAsync(_deadline, arguments);
}
