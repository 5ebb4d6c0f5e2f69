using KqueueTransport.ProxyProtocol;

namespace KqueueTransport.Tests.ProxyProtocol;

/// <summary>What an endpoint behind a proxy may be set to.</summary>
public sealed class ProxyProtocolOptionsTests
{
    private readonly ProxyProtocolOptions _options = new();

    [Theory]
    [InlineData("00:00:00.0000001", 232)]
    [InlineData("1.00:00:00", 65_551)]
    public void Check_AtTheirEnds_Passes(string timeout, int maxHeaderSize)
    {
        (_options.Timeout, _options.MaxHeaderSize) = (TimeSpan.Parse(timeout, null), maxHeaderSize);

        _options.Check();
    }

    [Theory]
    [InlineData("00:00:00")]
    [InlineData("-00:00:00.0010000")]
    [InlineData("1.00:00:00.0000001")]
    public void Check_TimeoutOutOfRange_SaysWhatToWrite(string value)
    {
        _options.Timeout = TimeSpan.Parse(value, null);

        AssertRefused($"Timeout is {value}. Write a time of more than 0 and at most a day.");
    }

    [Theory]
    [InlineData(231)]
    [InlineData(65_552)]
    public void Check_MaxHeaderSizeOutOfRange_SaysWhatToWrite(int value)
    {
        _options.MaxHeaderSize = value;

        AssertRefused($"MaxHeaderSize is {value}. Write a number of bytes from 232 to 65551.");
    }

    private void AssertRefused(string message) =>
        Assert.Equal(message, Assert.Throws<ArgumentException>(_options.Check).Message);
}
