using Microsoft.Extensions.Logging;

namespace KqueueTransport.Diagnostics;

/// <summary>
/// Passes messages on, and bears it when they cannot be written: whether a listener accepts and a connection ends does
/// not depend on a full disk. On the thread of an event loop the exception would end the process.
/// </summary>
/// <remarks>The framework's logger asks all providers before it throws what some of them have thrown.</remarks>
internal sealed class UnfailingLogger(ILogger logger) : ILogger
{
    public bool IsEnabled(LogLevel logLevel)
    {
        try
        {
            return logger.IsEnabled(logLevel);
        }
        catch (Exception)
        {
            return false;
        }
    }

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        try
        {
            logger.Log(logLevel, eventId, state, exception, formatter);
        }
        catch (Exception)
        {
            // There is nowhere to tell it: this was the place.
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => logger.BeginScope(state);
}
