namespace Samples.Tests;

/// <summary>samples/Fetcher against its own delay server, and against nobody.</summary>
public sealed class FetcherTests : SampleTests
{
    // A machine that is busy may hold a request back for longer than a step, and the next run has longer ones.
    [Fact]
    public async Task Requests_DelaysFall_AreReceivedInReverse()
    {
        const string Reverse = "RECEIVED: 5\nRECEIVED: 4\nRECEIVED: 3\nRECEIVED: 2\nRECEIVED: 1\nFINISHED\n";
        const int StepMax = 3000;
        var end = await RunAsync("Fetcher", "--step", "100");
        for (var step = 300; step <= StepMax && end.Output != Reverse; step *= 3)
        {
            end = await RunAsync("Fetcher", "--step", $"{step}");
        }

        Assert.Equal(Reverse, end.Output);
        Assert.Equal((0, ""), (end.ExitCode, end.Errors));
    }

    [Fact]
    public async Task Requests_NobodyListens_FailAndItFinishes()
    {
        using var nobody = TakePort();

        var end = await RunAsync(
            "Fetcher", "--requests", "3", "--url", $"http://{nobody.LocalEndPoint}/delay?ms={{ms}}");

        var lines = end.Output.TrimEnd().Split('\n');
        Assert.Equal(3, lines.Count(line => line.StartsWith("FAILED: ", StringComparison.Ordinal)));
        Assert.Equal("FINISHED", lines[^1]);
    }

    [Theory]
    [InlineData("--url=nowhere", "http URL")]
    [InlineData("--requests=0", "1 to 1000")]
    public async Task Option_Wrong_IsOneLineOnStandardErrorAndExit1(string argument, string instead) =>
        AssertRefused(await RunAsync("Fetcher", argument), instead);
}
