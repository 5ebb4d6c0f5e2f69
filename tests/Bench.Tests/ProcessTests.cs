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
        ProcessTimes.ParseStat($"4711 ({name}) S 1 4711 4711 0 -1 4194304 9 0 0 0 100 50 7 7 20 0 25 0 1 2 3"));

    [Fact]
    public void CpuOf_ProcessThatIsGone_IsNull()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "there is no /proc");

        Assert.Null(ProcessTimes.CpuOf(int.MaxValue));
        Assert.NotNull(ProcessTimes.CpuOf(Environment.ProcessId));
    }

    [Fact]
    public void ParseStatus_Lines_GivesResidentBytes() => Assert.Equal(
        78_912L * 1024, ProcessMemory.ParseStatus(["Name:\tWebApp", "VmHWM:\t   99999 kB", "VmRSS:\t   78912 kB"]));

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

    [Fact]
    public void EndPoints_OfAPlainServer_HasNeitherHttp2NorTls()
    {
        var endPoints = ServerEndPoints.Parse("http://127.0.0.1:5 (echo on 6, hello on 5): epoll");

        Assert.Null(endPoints.Http2);
        Assert.Null(endPoints.Tls);
    }

    [Fact]
    public void EndPoints_OfAnotherLine_IsAnErrorWithIt()
    {
        var error = Assert.Throws<ToolException>(() => ServerEndPoints.Parse("WebApp: address in use"));

        Assert.Contains("address in use", error.Message, StringComparison.Ordinal);
    }
}
