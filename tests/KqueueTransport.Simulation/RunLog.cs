using KqueueTransport.Simulation.Actors;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Simulation;

/// <summary>The log of a run: an error fails it, and every message of a connection is a place to stall.</summary>
internal sealed class RunLog(Scheduler scheduler) : ILogger
{
    public bool IsEnabled(LogLevel logLevel)
    {
        // Connections log at this level and outside of their locks; the others may be inside.
        if (logLevel == LogLevel.Debug)
        {
            scheduler.Yield();
        }

        return logLevel >= LogLevel.Warning;
    }

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (logLevel >= LogLevel.Error)
        {
            scheduler.Fail($"The log has an error: {formatter(state, exception)} {exception}");
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;
}
