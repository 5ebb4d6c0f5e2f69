using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Common.Servers;

/// <summary>Collects a server's errors and this transport's warnings; those not expected fail the test.</summary>
public sealed class ErrorLog : ILoggerProvider
{
    private readonly ConcurrentQueue<string> _entries = new();
    private readonly ConcurrentBag<string> _expected = [];

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
        // The entries outlive the server: a test looks at them when everything is stopped.
    }

    /// <summary>Declares that entries with this text belong to the test.</summary>
    public void Expect(string text) => _expected.Add(text);

    /// <summary>How many entries have this text.</summary>
    public int Count(string text) => _entries.Count(entry => entry.Contains(text, StringComparison.Ordinal));

    public void AssertNothingUnexpected() => Assert.All(_entries, entry => Assert.True(IsExpected(entry), entry));

    private bool IsExpected(string entry) => _expected.Any(text => entry.Contains(text, StringComparison.Ordinal));

    private sealed class Logger(ErrorLog log, string category) : ILogger
    {
        private readonly LogLevel _lowest =
            category.StartsWith(nameof(KqueueTransport), StringComparison.Ordinal) ? LogLevel.Warning : LogLevel.Error;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= _lowest && logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                log._entries.Enqueue($"{logLevel} {category}: {formatter(state, exception)} {exception}");
            }
        }
    }
}
