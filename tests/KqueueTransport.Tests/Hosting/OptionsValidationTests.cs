
using KqueueTransport.OptionChecks;

namespace KqueueTransport.Tests.Hosting;

public sealed class OptionsValidationTests
{
    private readonly KqueueTransportOptions _options = new();

    [Fact]
    public void Defaults_AreTheDocumentedOnesAndValid()
    {
        Assert.Equal(Environment.ProcessorCount, _options.LoopCount);
        Assert.Equal(Scheduling.Adaptive, _options.Scheduling);
        Assert.Equal(256, _options.StandbyThreadsMax);
        Assert.Equal(512, _options.Backlog);
        Assert.Equal(64, _options.AcceptsPerWake);
        Assert.True(_options.NoDelay);
        Assert.False(_options.KeepAlive);
        Assert.False(_options.SharePort);
        Assert.Equal(0, _options.FastOpenQueueLength);
        Assert.Equal(1_048_576, _options.MaxReadBufferSize);
        Assert.Equal(65_536, _options.MaxWriteBufferSize);
        Assert.Equal(TimeSpan.FromSeconds(5), _options.LingerTimeout);
        Assert.Equal(TimeSpan.FromSeconds(30), _options.DrainTimeout);
        Assert.Equal(33_554_432, _options.MaxLingerSize);
        Assert.Equal(1024, _options.LingerConnectionsMax);
        Assert.False(_options.HalfClose);
        Assert.False(_options.FinOnError);
        Assert.False(_options.RequireBackend);
        Assert.Null(_options.KernelQueue.Library);
        Assert.Empty(Failures());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1025)]
    public void LoopCount_OutOfRange_SaysWhatToWrite(int value)
    {
        _options.LoopCount = value;

        AssertOnlyFailure(
            $"LoopCount is {value}. Write a number from 1 to 1024; the default is the number of processors.");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void Limits_OutOfRange_SayWhatToWrite(int value)
    {
        _options.ConnectionsMax = value;
        _options.AcceptsPerSecond = value;
        _options.ConnectionsPerAddressMax = value;
        _options.AddressPrefixIPv4 = value;
        _options.AddressPrefixIPv6 = value;
        _options.OverLimit = (OverLimit)7;

        Assert.Equal(
            [
                $"ConnectionsMax is {value}. Write a number from 1 to 2147483647; without it there is no limit.",
                $"AcceptsPerSecond is {value}. Write a number from 1 to 1000000; without it there is no limit.",
                $"ConnectionsPerAddressMax is {value}. Write a number from 1 to 2147483647; without it there is no " +
                "limit.",
                $"AddressPrefixIPv4 is {value}. Write a number from 1 to 32; the default is 32, one address.",
                $"AddressPrefixIPv6 is {value}. Write a number from 1 to 128; the default is 64, one host's network.",
                "OverLimit is 7. Write Wait or Reset.",
            ],
            Failures());
    }

    [Fact]
    public void Limits_AtTheirEnds_AreValid()
    {
        _options.ConnectionsMax = int.MaxValue;
        _options.AcceptsPerSecond = 1_000_000;
        _options.ConnectionsPerAddressMax = 1;
        (_options.AddressPrefixIPv4, _options.AddressPrefixIPv6) = (1, 128);

        Assert.Empty(Failures());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(4097)]
    public void StandbyThreadsMax_OutOfRange_SaysWhatToWrite(int value)
    {
        _options.StandbyThreadsMax = value;

        AssertOnlyFailure(
            $"StandbyThreadsMax is {value}. Write a number from 0 to 4096; the default is 256, and 0 never takes a " +
            "loop over.");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65_536)]
    public void Backlog_OutOfRange_SaysWhatToWrite(int value)
    {
        _options.Backlog = value;

        AssertOnlyFailure($"Backlog is {value}. Write a number from 1 to 65535; the default is 512.");
    }

    [Theory]
    [InlineData(0, "00:00:00")]
    [InlineData(-1, "-00:00:01")]
    [InlineData(3601, "01:00:01")]
    public void DrainTimeout_OutOfRange_SaysWhatToWrite(int seconds, string text)
    {
        _options.DrainTimeout = TimeSpan.FromSeconds(seconds);

        AssertOnlyFailure(
            $"DrainTimeout is {text}. Write a time above 00:00:00, to 01:00:00, or -00:00:00.001 for no limit; the " +
            "default is 30 seconds.");
    }

    [Theory]
    [InlineData(-1, "-00:00:01")]
    [InlineData(3601, "01:00:01")]
    public void LingerTimeout_OutOfRange_SaysWhatToWrite(int seconds, string text)
    {
        _options.LingerTimeout = TimeSpan.FromSeconds(seconds);

        AssertOnlyFailure(
            $"LingerTimeout is {text}. Write a time from 00:00:00, which closes at once, to 01:00:00; the default is " +
            "5 seconds.");
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1_000_001)]
    public void LingerConnectionsMax_OutOfRange_SaysWhatToWrite(int value)
    {
        _options.LingerConnectionsMax = value;

        AssertOnlyFailure(
            $"LingerConnectionsMax is {value}. Write a number from 0 to 1000000; the default is 1024, and 0 closes " +
            "every connection at once.");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65_536)]
    public void AcceptsPerWake_OutOfRange_SaysWhatToWrite(int value)
    {
        _options.AcceptsPerWake = value;

        AssertOnlyFailure($"AcceptsPerWake is {value}. Write a number from 1 to 65535; the default is 64.");
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(65_536)]
    public void FastOpenQueueLength_OutOfRange_SaysWhatToWrite(int value)
    {
        _options.FastOpenQueueLength = value;

        AssertOnlyFailure(
            $"FastOpenQueueLength is {value}. Write a number from 0 to 65535; the default is 0, which is off.");
    }

    [Theory]
    [InlineData("00:00:00")]
    [InlineData("00:00:01.5000000")]
    [InlineData("09:06:08")]
    public void KeepAliveTimes_NotWholeSecondsInRange_SayWhatToWrite(string value)
    {
        _options.KeepAlive = true;
        _options.KeepAliveTime = _options.KeepAliveInterval = _options.DeferAccept = TimeSpan.Parse(value);

        Assert.Equal(
            ((string[])["DeferAccept", "KeepAliveTime", "KeepAliveInterval"]).Select(option =>
                $"{option} is {value}. Write whole seconds from 00:00:01 to 09:06:07, or leave it out."),
            Failures());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(128)]
    public void KeepAliveProbes_OutOfRange_SaysWhatToWrite(int value)
    {
        _options.KeepAlive = true;
        _options.KeepAliveProbes = value;

        AssertOnlyFailure(
            $"KeepAliveProbes is {value}. Write a number from 1 to 127; the default is the system's.");
    }

    [Fact]
    public void KeepAliveTime_WithoutKeepAlive_SaysWhatToWrite()
    {
        _options.KeepAliveTime = TimeSpan.FromMinutes(1);

        AssertOnlyFailure(
            "KeepAliveTime, KeepAliveInterval and KeepAliveProbes need KeepAlive. Write true for it, or leave them " +
            "out.");
    }

    [Fact]
    public void BufferSizesOfTheKernel_NotPositive_SayWhatToWrite()
    {
        _options.ReceiveBufferSize = _options.SendBufferSize = 0;
        _options.ReceiveLowWater = _options.NotSentLowWater = 0;

        Assert.Equal(
            ((string[])["ReceiveBufferSize", "SendBufferSize", "ReceiveLowWater", "NotSentLowWater"]).Select(
                option => $"{option} is 0. Write a number of bytes from 1 on, or leave it out."),
            Failures());
    }

    [Fact]
    public void UserTimeout_NotWholeMilliseconds_SaysWhatToWrite()
    {
        _options.UserTimeout = TimeSpan.FromTicks(15_000);

        Assert.StartsWith(
            "UserTimeout is 00:00:00.0015000. Write whole milliseconds from 00:00:00.0010000 to ",
            Assert.Single(Failures()),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("sixteen-characte")]
    [InlineData("schön")]
    public void NamesForTheKernel_TooLongOrNotAscii_SayWhatToWrite(string name)
    {
        _options.CongestionControl = _options.BoundDevice = name;

        Assert.Equal(
            [
                $"CongestionControl is '{name}'. Write 1 to 15 ASCII characters, or leave it out.",
                $"BoundDevice is '{name}'. Write 1 to 15 ASCII characters, or leave it out.",
            ],
            Failures());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(256)]
    public void TypeOfService_NoByte_SaysWhatToWrite(int value)
    {
        _options.TypeOfService = value;

        AssertOnlyFailure(
            $"TypeOfService is {value}. Write a number from 0 to 255; the default is the system's.");
    }

    [Fact]
    public void UnixFileMode_BitsThatAreNone_SaysWhatToWrite()
    {
        _options.UnixFileMode = (UnixFileMode)0x1000;

        AssertOnlyFailure("UnixFileMode is 4096. Write flags of System.IO.UnixFileMode, or leave it out.");
    }

    [Fact]
    public void Scheduling_Undefined_SaysWhatToWrite()
    {
        _options.Scheduling = (Scheduling)77;

        AssertOnlyFailure("Scheduling is 77. Write Adaptive, ThreadPool or Inline.");
    }

    [Fact]
    public void BufferSizes_Negative_SayWhatToWrite()
    {
        _options.MaxReadBufferSize = -1;
        _options.MaxWriteBufferSize = -2;

        Assert.Equal(
            [
                "MaxReadBufferSize is -1. Write a number of bytes, or 0 for no limit.",
                "MaxWriteBufferSize is -2. Write a number of bytes, or 0 for no limit.",
            ],
            Failures());
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0L)]
    [InlineData(1L)]
    public void BufferSizes_NullZeroOrMore_AreValid(long? value)
    {
        _options.MaxReadBufferSize = value;
        _options.MaxWriteBufferSize = value;

        Assert.Empty(Failures());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1024)]
    public void LoopCount_AtItsBounds_IsValid(int value)
    {
        _options.LoopCount = value;

        Assert.Empty(Failures());
    }

    [Fact]
    public void Layout_Unknown_SaysWhatToWrite()
    {
        _options.KernelQueue.Library = "libkqueue.so.0";
        _options.KernelQueue.Layout = "linux";

        AssertOnlyFailure(
            "KernelQueue.Layout is 'linux'. Write darwin, freebsd, netbsd or libkqueue, or leave it out.");
    }

    [Theory]
    [InlineData("freebsd", "")]
    [InlineData(null, "bsd_")]
    public void LayoutOrPrefix_WithoutALibrary_AsksForIt(string? layout, string prefix)
    {
        _options.KernelQueue.Layout = layout;
        _options.KernelQueue.SymbolPrefix = prefix;

        Assert.Contains("Name it as KernelQueue.Library", Assert.Single(Failures()), StringComparison.Ordinal);
    }

    [Fact]
    public void RequireBackend_NoBackend_SaysWhyAndWhatToWrite()
    {
        _options.RequireBackend = true;
        _options.Backend = new BackendSupport("There is no kqueue on this moon.");

        var failure = Assert.Single(Failures());

        Assert.StartsWith("RequireBackend is true", failure, StringComparison.Ordinal);
        Assert.Contains("Write false", failure, StringComparison.Ordinal);
        Assert.EndsWith("There is no kqueue on this moon.", failure, StringComparison.Ordinal);
    }

    [Fact]
    public void RequireBackend_NotSetAndNoBackend_IsValid()
    {
        _options.Backend = new BackendSupport("There is no kqueue on this moon.");

        Assert.Empty(Failures());
    }

    private void AssertOnlyFailure(string message) => Assert.Equal([message], Failures());

    private IEnumerable<string> Failures() =>
        new KqueueTransportOptionsValidation().Validate(name: null, _options).Failures ?? [];
}
