namespace KqueueTransport.FrameworkTests.Grains;

/// <summary>samples/Silo in processes of its own.</summary>
public sealed class SiloSampleTests() : TransportSuite(TestTransport.KqueueAdaptive, minutes: 3)
{
    [Fact]
    public async Task Silos_OnEitherTransport_CountTogether()
    {
        var port = FreePorts.Take(4);
        var (first, second) = (port + 2, port + 3);
        await StartAsync(port, first);
        await StartAsync(port + 1, second, "--join", $"{port}", "--transport", "sockets");

        var answers = new[]
        {
            await CountAsync(first), await CountAsync(second), await CountAsync(second, "--transport", "sockets"),
        };

        Assert.Equal(
            ["visits is 1", "visits is 2", "visits is 3"],
            answers.Select(answer => answer[..answer.IndexOf(" on ", StringComparison.Ordinal)]));
    }

    [Fact]
    public async Task Option_Wrong_IsOneLineOnStandardErrorAndExit1()
    {
        await using var silo = RunningProgram.StartSample("Silo", ["start", "--port", "0"]);
        var end = await silo.WaitForEndAsync(Deadline);

        Assert.Equal((1, ""), (end.ExitCode, end.Output));
        Assert.Contains("1 to 65535", Assert.Single(end.Errors.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    private async Task StartAsync(int port, int gateway, params string[] more)
    {
        string[] arguments = ["start", "--port", $"{port}", "--gateway", $"{gateway}", .. more];
        var silo = Own(RunningProgram.StartSample("Silo", arguments));
        await silo.ReadLineWithAsync("silo on", Deadline);
    }

    private async Task<string> CountAsync(int gateway, params string[] more)
    {
        await using var client = RunningProgram.StartSample(
            "Silo", ["count", "visits", "--gateway", $"{gateway}", .. more]);
        return await client.ReadLineWithAsync("visits is", Deadline);
    }
}
