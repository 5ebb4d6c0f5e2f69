using Kqueue.Native;

namespace Kqueue;

/// <summary>How a <see cref="KernelQueue"/> is made. The defaults take the system's own.</summary>
public sealed class KernelQueueOptions
{
    /// <summary>
    /// The library that holds <c>kqueue</c> and <c>kevent</c>: a name or a path. Defaults to null: the system's own,
    /// which on Linux is this library's epoll backend.
    /// </summary>
    /// <remarks>
    /// A kernel built as a library has descriptors of its own: nothing but its own calls may touch them. libkqueue
    /// shares the process's, but does not notice when one is closed: delete its knotes first, as an event loop does
    /// when a registration is disposed.
    /// </remarks>
    public string? Library { get; set; }

    /// <summary>What stands before the two names in <see cref="Library"/>. Defaults to nothing.</summary>
    public string SymbolPrefix { get; set; } = "";

    /// <summary>What <see cref="Layout"/> can be.</summary>
    public static IReadOnlyList<string> Layouts { get; } = [.. KqueueAbi.All.Select(abi => abi.Name)];

    /// <summary>
    /// The layout of <c>struct kevent</c> and the numbers of <see cref="Library"/>: <c>darwin</c>, <c>freebsd</c>,
    /// <c>netbsd</c> or <c>libkqueue</c>. Defaults to null: the running system's, and libkqueue's on Linux.
    /// </summary>
    public string? Layout { get; set; }

    /// <summary>
    /// Whether <see cref="KEvent.Data"/> of READ and WRITE events is filled. Defaults to true. The epoll backend asks
    /// for it with a system call per event, so switch it off where nobody reads it; a kqueue fills it in any case.
    /// </summary>
    /// <remarks>
    /// The question also tells the epoll backend that a descriptor was closed while a duplicate keeps its socket open:
    /// Linux goes on reporting then, where a BSD falls silent.
    /// </remarks>
    public bool FillData { get; set; } = true;
}
