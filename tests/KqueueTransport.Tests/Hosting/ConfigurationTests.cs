using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace KqueueTransport.Tests.Hosting;

public sealed class ConfigurationTests
{
    private const string Section = "Servers:Kqueue";

    [Fact]
    public void Section_EveryKey_IsBound()
    {
        var options = Bind(
            ("LoopCount", "3"),
            ("LoopProcessors", "0, 2"),
            ("scheduling", "inline"),
            ("StandbyThreadsMax", "5"),
            ("Backlog", "1000"),
            ("AcceptsPerWake", "7"),
            ("ConnectionsMax", "1000"),
            ("AcceptsPerSecond", "50"),
            ("ConnectionsPerAddressMax", "9"),
            ("AddressPrefixIPv4", "24"),
            ("AddressPrefixIPv6", "56"),
            ("OverLimit", "reset"),
            ("NoDelay", "False"),
            ("MaxReadBufferSize", "0"),
            ("MaxWriteBufferSize", "4294967296"),
            ("LingerTimeout", "00:00:07"),
            ("DrainTimeout", "00:00:08"),
            ("MaxLingerSize", "1000"),
            ("LingerConnectionsMax", "9"),
            ("HalfClose", "true"),
            ("FinOnError", "true"),
            ("KeepAlive", "true"),
            ("KeepAliveTime", "00:01:00"),
            ("KeepAliveInterval", "00:00:05"),
            ("KeepAliveProbes", "3"),
            ("ReceiveBufferSize", "30000"),
            ("SendBufferSize", "40000"),
            ("ReceiveLowWater", "2"),
            ("NotSentLowWater", "16384"),
            ("UserTimeout", "00:00:00.5000000"),
            ("CongestionControl", "bbr"),
            ("TypeOfService", "136"),
            ("Mark", "0xff"),
            ("BoundDevice", "eth0"),
            ("MultipathTcp", "true"),
            ("FastOpenQueueLength", "16"),
            ("DeferAccept", "00:00:10"),
            ("SharePort", "true"),
            ("UnixFileMode", "660"),
            ("Enabled", "false"),
            ("RequireBackend", "true"),
            ("KernelQueue:Library", "/opt/libbsd.so"),
            ("KernelQueue:SymbolPrefix", "bsd_"),
            ("KernelQueue:Layout", "netbsd"));

        Assert.Equal(3, options.LoopCount);
        Assert.Equal([0, 2], options.LoopProcessors);
        Assert.Equal(Scheduling.Inline, options.Scheduling);
        Assert.Equal(5, options.StandbyThreadsMax);
        Assert.Equal(1000, options.Backlog);
        Assert.Equal(7, options.AcceptsPerWake);
        Assert.Equal(
            (1000, 50, 9), (options.ConnectionsMax, options.AcceptsPerSecond, options.ConnectionsPerAddressMax));
        Assert.Equal((24, 56), (options.AddressPrefixIPv4, options.AddressPrefixIPv6));
        Assert.Equal(OverLimit.Reset, options.OverLimit);
        Assert.False(options.NoDelay);
        Assert.Equal(0, options.MaxReadBufferSize);
        Assert.Equal(4_294_967_296, options.MaxWriteBufferSize);
        Assert.Equal(TimeSpan.FromSeconds(7), options.LingerTimeout);
        Assert.Equal(TimeSpan.FromSeconds(8), options.DrainTimeout);
        Assert.Equal(1000, options.MaxLingerSize);
        Assert.Equal(9, options.LingerConnectionsMax);
        Assert.True(options.HalfClose);
        Assert.True(options.FinOnError);
        Assert.True(options.KeepAlive);
        Assert.Equal(TimeSpan.FromMinutes(1), options.KeepAliveTime);
        Assert.Equal(TimeSpan.FromSeconds(5), options.KeepAliveInterval);
        Assert.Equal(3, options.KeepAliveProbes);
        Assert.Equal(30_000, options.ReceiveBufferSize);
        Assert.Equal(40_000, options.SendBufferSize);
        Assert.Equal(2, options.ReceiveLowWater);
        Assert.Equal(16_384, options.NotSentLowWater);
        Assert.Equal(TimeSpan.FromMilliseconds(500), options.UserTimeout);
        Assert.Equal("bbr", options.CongestionControl);
        Assert.Equal(136, options.TypeOfService);
        Assert.Equal(255u, options.Mark);
        Assert.Equal("eth0", options.BoundDevice);
        Assert.True(options.MultipathTcp);
        Assert.Equal(16, options.FastOpenQueueLength);
        Assert.Equal(TimeSpan.FromSeconds(10), options.DeferAccept);
        Assert.True(options.SharePort);
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite,
            options.UnixFileMode);
        Assert.False(options.Enabled);
        Assert.True(options.RequireBackend);
        Assert.Equal("/opt/libbsd.so", options.KernelQueue.Library);
        Assert.Equal("bsd_", options.KernelQueue.SymbolPrefix);
        Assert.Equal("netbsd", options.KernelQueue.Layout);
    }

    [Fact]
    public void Section_EveryPropertyOfTheOptions_HasAKey()
    {
        // A key that is missed shows as the one that the error about an unknown key does not list.
        var message = Failure(("Nonsense", "1"));

        Assert.All(
            typeof(KqueueTransportOptions).GetProperties()
                .Where(property => !typeof(Delegate).IsAssignableFrom(property.PropertyType))
                .Select(property => property.Name),
            name => Assert.Contains(name, message, StringComparison.Ordinal));
    }

    [Fact]
    public void Section_Absent_LeavesTheDefaults()
    {
        Assert.Equal(512, Bind().Backlog);
    }

    [Fact]
    public void Section_EmptyOption_IsTheSystems()
    {
        var options = Bind(("KeepAliveTime", ""), ("SendBufferSize", ""), ("UnixFileMode", ""));

        Assert.Null(options.KeepAliveTime);
        Assert.Null(options.SendBufferSize);
        Assert.Null(options.UnixFileMode);
    }

    [Fact]
    public void Section_EmptySize_IsNoLimit()
    {
        Assert.Null(Bind(("MaxReadBufferSize", "")).MaxReadBufferSize);
    }

    [Theory]
    [InlineData("LoopCount", "many", "a whole number")]
    [InlineData("LoopCount", "", "a whole number")]
    [InlineData("LoopCount", "99999999999", "a whole number")]
    [InlineData("Scheduling", "Fast", "Adaptive or ThreadPool or Inline")]
    [InlineData("Backlog", "1e3", "a whole number")]
    [InlineData("NoDelay", "yes", "true or false")]
    [InlineData("MaxReadBufferSize", "1 MiB", "a whole number of bytes, or 0 for no limit")]
    [InlineData("MaxWriteBufferSize", "64k", "a whole number of bytes, or 0 for no limit")]
    [InlineData("LoopProcessors", "0-3", "numbers with commas in between, such as 0,2,4")]
    [InlineData("KeepAliveTime", "60 s", "a time, such as 00:00:05")]
    [InlineData("KeepAliveProbes", "some", "a whole number")]
    [InlineData("UnixFileMode", "rw-rw----", "an octal number, such as 660")]
    [InlineData("UnixFileMode", "668", "an octal number, such as 660")]
    [InlineData("RequireBackend", "1", "true or false")]
    public void Section_UnreadableValue_SaysWhereAndWhatToWrite(string key, string value, string instead)
    {
        var message = Failure((key, value));

        Assert.StartsWith($"'{Section}:{key}' is '{value}' in the configuration. Write ", message);
        Assert.Contains(instead, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("LoopCout")]
    [InlineData("KernelQueue:Libary")]
    public void Section_UnknownKey_SaysWhichThereAre(string key)
    {
        var message = Failure((key, "1"));

        Assert.Contains($"no option '{key}' under '{Section}'", message, StringComparison.Ordinal);
        Assert.Contains("LoopCount, LoopProcessors, Scheduling", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Section_ValueOutOfRange_IsStillValidated()
    {
        Assert.StartsWith("Backlog is -5.", Failure(("Backlog", "-5")), StringComparison.Ordinal);
    }

    [Fact]
    public void CodeAfterTheSection_Wins()
    {
        var configuration = Configuration(("LoopCount", "3"), ("Backlog", "100"));
        using var services = new ServiceCollection()
            .AddKqueueTransport(configuration)
            .AddKqueueTransport(options => options.LoopCount = 5)
            .BuildServiceProvider();

        var options = services.GetRequiredService<IOptions<KqueueTransportOptions>>().Value;

        Assert.Equal(5, options.LoopCount);
        Assert.Equal(100, options.Backlog);
    }

    private static KqueueTransportOptions Bind(params (string Key, string Value)[] values)
    {
        using var services = new ServiceCollection().AddKqueueTransport(Configuration(values)).BuildServiceProvider();
        return services.GetRequiredService<IOptions<KqueueTransportOptions>>().Value;
    }

    private static string Failure(params (string Key, string Value)[] values) =>
        Assert.Throws<OptionsValidationException>(() => Bind(values)).Message;

    private static IConfigurationSection Configuration(params (string Key, string Value)[] values) =>
        new ConfigurationBuilder()
            .AddInMemoryCollection(values.Select(
                value => KeyValuePair.Create($"{Section}:{value.Key}", (string?)value.Value)))
            .Build()
            .GetSection(Section);
}
