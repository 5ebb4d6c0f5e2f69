using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Common;

/// <summary>
/// The exceptions that nobody has caught, on any thread: each would have ended the process, and is kept here instead,
/// so that a test can say which one it was.
/// </summary>
internal static class UnhandledExceptions
{
    private static readonly ConcurrentQueue<Exception> s_all = new();

    public static IReadOnlyCollection<Exception> All => s_all;

    [ModuleInitializer]
    internal static void Watch() => ExceptionHandling.SetUnhandledExceptionHandler(static exception =>
    {
        s_all.Enqueue(exception);
        return true;
    });
}
