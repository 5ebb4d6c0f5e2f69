using Bench.Machine;
using Bench.Servers;
using Bench.Tools;

namespace Bench.Tests;

/// <summary>What is read about a process, and from the line that a server prints.</summary>
public sealed class ProcessTests
{
    [Theory]
    [InlineData("WebApp")]
    [InlineData("a ) 1 2 (b")]
    public void ParseStat_AnyName_GivesUserAndSystemTime(string name) => Assert.Equal(
        TimeSpan.FromMilliseconds(1_500),
        ProcessFacts.ParseStat($"4711 ({name}) S 1 4711 4711 0 -1 4194304 9 0 0 0 100 50 7 7 20 0 25 0 1 2 3"));

    [Fact]
    public void ParseStatus_Lines_GivesTheNumberBehindTheName() => Assert.Equal(
        78_912, ProcessFacts.ParseStatus(["Name:\tWebApp", "VmHWM:\t   99999 kB", "VmRSS:\t   78912 kB"], "VmRSS:"));

    [Fact]
    public void ProcessFacts_OfThisProcess_AreThere()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "there is no /proc");

        Assert.True(ProcessFacts.CpuOf(Environment.ProcessId) > TimeSpan.Zero);
        Assert.True(ProcessFacts.SwitchesOf(Environment.ProcessId) > 0);
        Assert.True(ProcessFacts.ResidentBytesOf(Environment.ProcessId) > 1 << 20);
        Assert.InRange(ProcessFacts.Processors().Busy, 1, ProcessFacts.Processors().All);
    }

    [Fact]
    public void EndPoints_OfTheWebApp_AreAllFound()
    {
        var endPoints = ServerEndPoints.Parse(
            "http://127.0.0.1:41977 (echo on 35401, hello on 32931), http://127.0.0.1:36977, " +
            "https://127.0.0.1:36979: kqueue transport, backend epoll, loops 2, scheduling Adaptive");

        Assert.Equal(new Uri("http://127.0.0.1:41977"), endPoints.Http);
        Assert.Equal((35401, 32931), (endPoints.Echo.Port, endPoints.Hello.Port));
        Assert.Equal(new Uri("http://127.0.0.1:36977"), endPoints.Http2);
        Assert.Equal(new Uri("https://127.0.0.1:36979"), endPoints.Tls);
    }

    // Kestrel names the broker's address among those of HTTP.
    [Fact]
    public void EndPoints_WithABroker_AreToldApart()
    {
        var endPoints = ServerEndPoints.Parse(
            "http://127.0.0.1:41977 (echo on 35401, hello on 32931), http://127.0.0.1:36970, " +
            "http://127.0.0.1:36977, https://127.0.0.1:36979: kqueue transport, mqtt on 127.0.0.1:36970");

        Assert.Equal(36970, endPoints.Mqtt!.Port);
        Assert.Equal(new Uri("http://127.0.0.1:36977"), endPoints.Http2);
        Assert.Equal(new Uri("https://127.0.0.1:36979"), endPoints.Tls);
    }

    [Fact]
    public void EndPoints_OfAPlainServer_HasNeitherHttp2NorTls()
    {
        var endPoints = ServerEndPoints.Parse("http://127.0.0.1:5 (echo on 6, hello on 5): epoll");

        Assert.Null(endPoints.Http2);
        Assert.Null(endPoints.Tls);
        Assert.Null(endPoints.Mqtt);
    }

    [Theory]
    [InlineData("http://10.0.0.1:5 (echo on 6, hello on 7): Kestrel's Sockets", "10.0.0.1:7")]
    [InlineData("proxy from 127.0.0.1:5 to 127.0.0.1:6 (kqueue)", "127.0.0.1:5")]
    public void EndPoints_OfAnotherAddressOrProgram_AreThere(string line, string hello) =>
        Assert.Equal(hello, ServerEndPoints.Parse(line).Hello.ToString());

    [Fact]
    public void EndPoints_OfAnotherLine_IsAnErrorWithIt()
    {
        var error = Assert.Throws<ToolException>(() => ServerEndPoints.Parse("WebApp: address in use"));

        Assert.Contains("address in use", error.Message, StringComparison.Ordinal);
    }
}
