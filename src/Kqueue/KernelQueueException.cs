using System.Diagnostics.CodeAnalysis;
using Kqueue.Interop;

namespace Kqueue;

/// <summary>A kernel event queue could not be made or refused a call.</summary>
public sealed class KernelQueueException : IOException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What happened, and what to do instead.</param>
    /// <param name="error">The system's error.</param>
    public KernelQueueException(string message, Errno error)
        : base(message) => Error = error;

    /// <summary>The system's error.</summary>
    public Errno Error { get; }

    [DoesNotReturn]
    internal static void Throw(string call, Errno error, string backend) =>
        throw new KernelQueueException($"{call} failed with {error} on {backend}.", error);
}
