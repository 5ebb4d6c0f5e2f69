using System.Diagnostics.CodeAnalysis;

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
        throw new KernelQueueException($"{call} failed with {error} on {backend}.{HintFor(error)}", error);

    [DoesNotReturn]
    internal static void Throw(Errno error) =>
        throw new KernelQueueException($"The call failed with {error}.{HintFor(error)}", error);

    private static string HintFor(Errno error) => error switch
    {
        Errno.EMFILE => " The process has no descriptor left: raise its limit (ulimit -n) or close some.",
        Errno.ENFILE => " The system has no descriptor left: raise its limit (fs.file-max, kern.maxfiles).",
        Errno.ENOSPC => " The user's limit of epoll registrations is reached: raise fs.epoll.max_user_watches.",
        Errno.EPERM => " The descriptor is of a kind that cannot be watched, such as a regular file.",
        Errno.EBADF => " The descriptor is closed.",
        Errno.ENOENT => " There is no such knote: add it first; closing a descriptor removes its knotes.",
        _ => "",
    };
}
