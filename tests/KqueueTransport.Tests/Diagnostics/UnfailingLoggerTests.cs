using KqueueTransport.Diagnostics;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Tests.Diagnostics;

/// <summary>A log that fails is the log's affair.</summary>
public sealed class UnfailingLoggerTests : IDisposable
{
    private readonly LogCollector _log = new();
    private readonly FailingProvider _failing = new();
    private readonly ILoggerFactory _factory;
    private readonly UnfailingLogger _logger;

    public UnfailingLoggerTests()
    {
        _factory = LoggerFactory.Create(logging => logging.AddProvider(_failing).AddProvider(_log));
        _logger = new UnfailingLogger(_factory.CreateLogger(TransportLog.Category));
    }

    public void Dispose() => _factory.Dispose();

    [Fact]
    public void Log_OneProviderThrows_TheOthersHaveTheMessage()
    {
        TransportLog.NoBackend(_logger, "of this and that");

        Assert.Single(_log.Entries);
    }

    [Fact]
    public void IsEnabled_ProviderThrows_IsFalse()
    {
        _failing.ThrowsWhenAsked = true;

        Assert.False(_logger.IsEnabled(LogLevel.Error));
    }

    [Fact]
    public void IsEnabled_LevelIsOff_IsFalse()
    {
        Assert.True(_logger.IsEnabled(LogLevel.Information));
        Assert.False(_logger.IsEnabled(LogLevel.Trace));
    }

    private sealed class FailingProvider : ILoggerProvider, ILogger
    {
        public bool ThrowsWhenAsked { get; set; }

        public ILogger CreateLogger(string categoryName) => this;

        public bool IsEnabled(LogLevel logLevel) =>
            ThrowsWhenAsked ? throw new IOException("Nothing is left.") : true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => throw new IOException("The disk is full.");

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Dispose()
        {
        }
    }
}
