using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Tests.Pipes.Properties;

/// <summary>What a call showed to its caller.</summary>
/// <param name="What">The kind of outcome, or the exception's type.</param>
/// <param name="Bytes">The length of a read's buffer, or the unflushed bytes of a writer.</param>
internal sealed record Observation(string What, long Bytes = 0, bool IsCanceled = false, bool IsCompleted = false)
{
    public const string Pends = "pends";

    /// <summary>Runs a call, and turns what it throws into an observation.</summary>
    public static async Task<Observation> OfAsync(Func<Task<Observation>> call)
    {
        try
        {
            return await call();
        }
        catch (OperationCanceledException)
        {
            return new Observation(nameof(OperationCanceledException));
        }
        catch (Exception exception) when (exception is InvalidOperationException or ConnectionResetException)
        {
            return new Observation(exception.GetType().Name);
        }
    }
}
