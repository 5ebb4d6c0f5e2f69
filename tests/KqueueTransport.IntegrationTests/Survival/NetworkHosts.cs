using System.Net;

namespace KqueueTransport.IntegrationTests.Survival;

/// <summary>
/// Three hosts, which are network namespaces, on one wire, which is a bridge in the first. It takes root.
/// </summary>
internal sealed class NetworkHosts : IAsyncDisposable
{
    private readonly Tool _ip;
    private readonly CancellationToken _deadline;
    private readonly List<string> _built = [];
    private readonly string _prefix = $"kqt{Random.Shared.Next(10_000)}";

    private NetworkHosts(Tool ip, CancellationToken deadline)
    {
        _ip = ip;
        _deadline = deadline;
    }

    public static async Task<NetworkHosts> CreateAsync(CancellationToken deadline)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Network namespaces are Linux's.");
        var hosts = new NetworkHosts(Tool.Require("ip", "iproute2"), deadline);
        await hosts.AddFirstOrSkipAsync();
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

    /// <summary>Where a host, from 0 to 2, is reached by the others.</summary>
    public static IPAddress AddressOf(int host) => IPAddress.Parse($"10.77.0.{host + 1}");

    /// <summary>The line of bash that runs a program on a host.</summary>
    public string On(int host) => $"exec {_ip.Path} netns exec {Name(host)} \"$@\"";

    /// <summary>Runs a program on a host to its end.</summary>
    public Task<string> RunAsync(int host, Tool tool, params string[] arguments) =>
        _ip.RunAsync(_deadline, OnHost(host, tool, arguments));

    /// <summary>Starts a program on a host.</summary>
    public RunningProgram Start(int host, Tool tool, params string[] arguments) =>
        RunningProgram.Start(_ip.Path, OnHost(host, tool, arguments));

    /// <summary>
    /// Pulls the plug of host 1 or 2, or puts it back in. Nobody is told: no FIN and no RST gets through.
    /// </summary>
    public Task PlugAsync(int host, bool isIn) =>
        IpAsync("-n", Name(0), "link", "set", Port(host), isIn ? "up" : "down");

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _built)
        {
            await _ip.RunAsync(CancellationToken.None, "netns", "del", host);
        }
    }

    private static string Port(int host) => $"port{host}";

    private string Name(int host) => $"{_prefix}h{host}";

    private string[] OnHost(int host, Tool tool, string[] arguments) =>
        ["netns", "exec", Name(host), tool.Path, .. arguments];

    private async Task AddFirstOrSkipAsync()
    {
        try
        {
            await AddAsync(Name(0));
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            Assert.Skip($"Network namespaces take root and CAP_SYS_ADMIN: {exception.Message}");
        }
    }

    private async Task BuildAsync()
    {
        await IpAsync("-n", Name(0), "link", "add", "wire", "type", "bridge");
        await UpAsync(0, "wire");
        for (var host = 1; host <= 2; host++)
        {
            await AddAsync(Name(host));
            await IpAsync(
                "-n", Name(0), "link", "add", Port(host), "type", "veth", "peer", "name", "eth", "netns", Name(host));
            await IpAsync("-n", Name(0), "link", "set", Port(host), "master", "wire", "up");
            await UpAsync(host, "eth");
        }
    }

    private async Task UpAsync(int host, string device)
    {
        await IpAsync("-n", Name(host), "addr", "add", $"{AddressOf(host)}/24", "dev", device);
        await IpAsync("-n", Name(host), "link", "set", device, "up");
        await IpAsync("-n", Name(host), "link", "set", "lo", "up");
    }

    private async Task AddAsync(string host)
    {
        await IpAsync("netns", "add", host);
        _built.Add(host);
    }

    private Task<string> IpAsync(params string[] arguments) => _ip.RunAsync(_deadline, arguments);
}
