using KqueueTransport.IntegrationTests.Processes;

namespace KqueueTransport.IntegrationTests;

/// <summary>What the sample says to a bad command line, and to the switch in its environment.</summary>
public sealed class CommandLineTests
{
    [Theory]
    [InlineData("--transport=carrier-pigeon", "kqueue|sockets|sockets-inline")]
    [InlineData("--scheduling=whenever", "inline")]
    [InlineData("--loops=0", "1 to 1024")]
    [InlineData("--loops=many", "1 to 1024")]
    [InlineData("--port=65536", "0 to 65533")]
    [InlineData("--colour=red", "--colour")]
    public async Task Option_Wrong_IsOneLineOnStandardErrorAndExit1(string argument, string instead)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(TimeSpan.FromMinutes(1));

        var end = await WebAppProcess.RunAsync([argument], deadline.Token);

        Assert.Equal(1, end.ExitCode);
        Assert.Equal("", end.Output);
        Assert.Contains(instead, Assert.Single(end.Errors.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Enabled_FalseInTheEnvironment_TheStartLineSaysThatSocketsServe()
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(TimeSpan.FromMinutes(1));
        var switchedOff = new Dictionary<string, string> { ["KqueueTransport__Enabled"] = "false" };

        await using var app = await WebAppProcess.StartAsync(["--port=0"], deadline.Token, switchedOff);

        Assert.Contains("Kestrel's Sockets", app.StartLine, StringComparison.Ordinal);
        Assert.Contains("switched off", app.StartLine, StringComparison.Ordinal);
    }
}
