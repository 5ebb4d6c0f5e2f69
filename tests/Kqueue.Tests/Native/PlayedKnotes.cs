using System.Collections.Concurrent;

namespace Kqueue.Tests.Native;

/// <summary>
/// libkqueue's idea of what is registered: it does not notice close(2), so a number that is used again still has the
/// knotes of its first owner. An ADD of those changes what watches nothing, and no event ever comes.
/// </summary>
internal sealed class PlayedKnotes
{
    private readonly ConcurrentDictionary<(int Queue, nint Ident, KEventFilter Filter), string?> _files = new();

    /// <summary>Whether READ and WRITE exclude each other for a descriptor, as in 2.3.</summary>
    public bool TakesOneFilter { get; init; }

    /// <summary>Whether a change asks for the second filter of a descriptor where there is one for each.</summary>
    public bool Refuses(int queue, in KEvent change) =>
        TakesOneFilter && (change.Flags & KEventFlags.Add) != 0 && change.Filter switch
        {
            KEventFilter.Read => _files.ContainsKey((queue, change.Ident, KEventFilter.Write)),
            KEventFilter.Write => _files.ContainsKey((queue, change.Ident, KEventFilter.Read)),
            _ => false,
        };

    /// <summary>Notes what a change does. False when it is made to a knote of a descriptor that is closed.</summary>
    public bool Note(int queue, in KEvent change)
    {
        var knote = (queue, change.Ident, change.Filter);
        if (change.Filter is not (KEventFilter.Read or KEventFilter.Write))
        {
            return true;
        }

        if ((change.Flags & KEventFlags.Delete) != 0)
        {
            _files.Remove(knote, out _);
            return true;
        }

        // "socket:[4711]": another number of the inode is another socket behind the same descriptor.
        var file = new FileInfo($"/proc/self/fd/{change.Ident}").LinkTarget;
        return file is null || _files.GetOrAdd(knote, file) == file;
    }

    /// <summary>An event of a one-shot knote takes the knote with it.</summary>
    public void NoteReport(int queue, in KEvent reported)
    {
        if ((reported.Flags & (KEventFlags.OneShot | KEventFlags.Error)) == KEventFlags.OneShot)
        {
            _files.Remove((queue, reported.Ident, reported.Filter), out _);
        }
    }
}
