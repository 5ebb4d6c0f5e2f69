using System.Buffers.Binary;
using Kqueue.Interop;

namespace Kqueue.Epoll.Filters;

/// <summary>
/// VNODE: one inotify descriptor for the queue. inotify(7) watches the file and not the descriptor, so every event asks
/// whether the number still is that file.
/// </summary>
internal sealed class VnodeFilter(EpollInstance epoll, ActiveKnotes active)
    : IdentFilter<VnodeKnote>(active)
{
    private const KEventNotes Supported =
        KEventNotes.Deleted | KEventNotes.Written | KEventNotes.Extended | KEventNotes.Attributes |
        KEventNotes.Linked | KEventNotes.Renamed;

    private const uint EntryChanges =
        Libc.IN_CREATE | Libc.IN_DELETE | Libc.IN_MOVED_FROM | Libc.IN_MOVED_TO;

    // struct inotify_event: the watch, the mask, a cookie and the length of the name that follows.
    private const int HeaderBytes = 16;
    private const int MaskOffset = 4;
    private const int NameLengthOffset = 12;

    // NAME_MAX and its zero: a shorter buffer may have no room for any event.
    private const int NameBytesMax = 256;

    // By watch: several descriptors of one file share it.
    private readonly Dictionary<int, List<VnodeKnote>> _watches = [];

    private int _inotify = -1;

    public override void Validate(in KEvent change) => RefuseOthers(change, Supported);

    protected override VnodeKnote Create(nint ident) => new(ident, this);

    protected override Errno Start(VnodeKnote knote, in KEvent change)
    {
        var error = _inotify < 0 ? Open() : Errno.None;
        var watch = error == Errno.None ? Watch(knote) : KernelResult.Failure(error);
        if (watch.IsError)
        {
            return watch.Error;
        }

        knote.Watch = watch.Value;
        (knote.Length, knote.Links) = Libc.FileStatus((int)knote.Ident);
        if (!_watches.TryGetValue(watch.Value, out var knotes))
        {
            _watches[watch.Value] = knotes = [];
        }

        knotes.Add(knote);
        return Errno.None;
    }

    protected override void Release(VnodeKnote knote)
    {
        if (_watches.TryGetValue(knote.Watch, out var knotes) && knotes.Remove(knote) && knotes.Count == 0)
        {
            _watches.Remove(knote.Watch);
            _ = Libc.InotifyRemove(_inotify, knote.Watch);
        }
    }

    protected override Errno Touch(VnodeKnote knote, in KEvent change, bool isAdd)
    {
        if (IsSameFile(knote))
        {
            return base.Touch(knote, change, isAdd);
        }

        // The descriptor was closed, and its knote went with it: the number is another file's.
        Detach(knote);
        return Register(change);
    }

    private Errno Open()
    {
        var created = Libc.InotifyCreate();
        if (created.IsError)
        {
            return created.Error;
        }

        var error = epoll.WatchOwn(created.Value, ReadChanges);
        if (error != Errno.None)
        {
            _ = Libc.Close(created.Value);
            return error;
        }

        _inotify = created.Value;
        return Errno.None;
    }

    // The watch of a file that is watched already is the same one.
    private KernelResult Watch(VnodeKnote knote)
    {
        var watch = knote.Ident is < 0 or > int.MaxValue
            ? KernelResult.Failure(Errno.EBADF)
            : Libc.InotifyAdd(_inotify, (int)knote.Ident);
        return watch.Error == Errno.ENOENT ? KernelResult.Failure(Errno.EBADF) : watch;
    }

    private void ReadChanges()
    {
        Span<byte> buffer = stackalloc byte[HeaderBytes + NameBytesMax];
        while (Libc.Read(_inotify, buffer) is { IsError: false } read)
        {
            for (var entry = buffer[..read.Value]; !entry.IsEmpty;)
            {
                var nameBytes = BinaryPrimitives.ReadInt32LittleEndian(entry[NameLengthOffset..]);
                OnChange(
                    BinaryPrimitives.ReadInt32LittleEndian(entry),
                    BinaryPrimitives.ReadUInt32LittleEndian(entry[MaskOffset..]),
                    isOfAnEntry: nameBytes > 0);
                entry = entry[(HeaderBytes + nameBytes)..];
            }
        }
    }

    private void OnChange(int watch, uint mask, bool isOfAnEntry)
    {
        if ((mask & Libc.IN_Q_OVERFLOW) != 0)
        {
            // What was lost is anybody's: all look anew.
            foreach (var each in _watches.Keys.ToArray())
            {
                OnChange(each, Libc.IN_MODIFY | Libc.IN_ATTRIB, isOfAnEntry: false);
            }
        }

        if (!_watches.TryGetValue(watch, out var knotes))
        {
            return;
        }

        foreach (var knote in knotes.ToArray())
        {
            if (!IsSameFile(knote))
            {
                Detach(knote);
            }
            else if ((NotesOf(knote, mask, isOfAnEntry) & knote.Notes) is not KEventNotes.None and var notes)
            {
                knote.Trigger(notes, data: 0);
            }
        }
    }

    private bool IsSameFile(VnodeKnote knote)
    {
        var watch = Watch(knote);
        if (!watch.IsError && watch.Value != knote.Watch && !_watches.ContainsKey(watch.Value))
        {
            _ = Libc.InotifyRemove(_inotify, watch.Value);
        }

        return !watch.IsError && watch.Value == knote.Watch;
    }

    // A change of an entry's own is reported to its directory too, with the entry's name, and is none of the directory.
    private static KEventNotes NotesOf(VnodeKnote knote, uint mask, bool isOfAnEntry)
    {
        if (isOfAnEntry)
        {
            return (mask & EntryChanges) != 0 ? KEventNotes.Written : KEventNotes.None;
        }

        var notes = (mask & Libc.IN_MODIFY) != 0 ? KEventNotes.Written : KEventNotes.None;
        notes |= (mask & Libc.IN_MOVE_SELF) != 0 ? KEventNotes.Renamed : KEventNotes.None;

        // An open file outlives its name: what is left of an unlink is a change of its attributes (inotify(7)).
        var (length, links) = Libc.FileStatus((int)knote.Ident);
        notes |= length > knote.Length ? KEventNotes.Extended : KEventNotes.None;
        notes |= links < knote.Links ? KEventNotes.Deleted
            : links > knote.Links ? KEventNotes.Linked
            : (mask & Libc.IN_ATTRIB) != 0 ? KEventNotes.Attributes
            : KEventNotes.None;
        (knote.Length, knote.Links) = (length, links);
        return notes;
    }
}

/// <summary>A file that is watched, by one of its descriptors.</summary>
internal sealed class VnodeKnote(nint ident, Filter filter) : IdentKnote(KEventFilter.Vnode, ident, filter)
{
    public int Watch { get; set; }

    /// <summary>In bytes, when it was last looked at.</summary>
    public long Length { get; set; }

    /// <summary>How many names the file had then.</summary>
    public long Links { get; set; }
}
