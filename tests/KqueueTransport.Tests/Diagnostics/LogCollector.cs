using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Tests.Diagnostics;

/// <summary>One message as it was logged.</summary>
internal sealed record LogEntry(string Category, LogLevel Level, EventId Id, string Message, Exception? Exception);

/// <summary>Keeps every message, of all categories.</summary>
internal sealed class LogCollector : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<LogEntry> _entries;
    private readonly string _category;
    private readonly LogLevel _level;

    /// <param name="level">Messages below it are not asked for.</param>
    public LogCollector(LogLevel level = LogLevel.Trace)
        : this([], "", level)
    {
    }

    private LogCollector(ConcurrentQueue<LogEntry> entries, string category, LogLevel level)
    {
        _entries = entries;
        _category = category;
        _level = level;
    }

    /// <summary>Called with each message, on the thread that writes it.</summary>
    public Action<LogEntry>? Written { get; set; }

    public IReadOnlyList<LogEntry> Entries => [.. _entries];

    /// <summary>
    /// The warnings and what is worse, but for Kestrel's about its heartbeat: that comes where the machine sets its
    /// thread aside.
    /// </summary>
    public IEnumerable<LogEntry> Warnings =>
        _entries.Where(entry => entry.Level >= LogLevel.Warning && entry.Id.Name != "HeartbeatSlow");

    public ILogger CreateLogger(string categoryName) => new LogCollector(_entries, categoryName, _level);

    public bool IsEnabled(LogLevel logLevel) => logLevel >= _level;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        var entry = new LogEntry(_category, logLevel, eventId, formatter(state, exception), exception);
        _entries.Enqueue(entry);
        Written?.Invoke(entry);
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Dispose()
    {
    }
}
