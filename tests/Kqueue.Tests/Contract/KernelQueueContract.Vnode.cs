using Kqueue.Tests.Infrastructure;
using static Kqueue.KEventFlags;
using static Kqueue.KEventNotes;

namespace Kqueue.Tests.Contract;

public abstract partial class KernelQueueContract
{
    private const KEventNotes AnyChange = Deleted | Written | Extended | Attributes | Linked | Renamed;

    [Fact]
    public void Vnode_FileGrowsAndIsOverwritten_SaysSo()
    {
        var (queue, file) = WatchFile(AnyChange, out _);

        RandomAccess.Write(file.SafeFileHandle, new byte[10], fileOffset: 0);
        Assert.Equal(Written | Extended, queue.WaitForEvent().Notes);

        RandomAccess.Write(file.SafeFileHandle, new byte[10], fileOffset: 0);
        Assert.Equal(Written, queue.WaitForEvent().Notes);
        queue.ExpectSilence();
    }

    [Fact]
    public void Vnode_FileIsRenamedChmoddedAndRemoved_SaysSo()
    {
        var (queue, _) = WatchFile(AnyChange, out var path);

        File.Move(path, path + ".moved");
        Assert.Equal(Renamed, queue.WaitForEvent().Notes & Renamed);

        File.SetAttributes(path + ".moved", FileAttributes.ReadOnly);
        Assert.Equal(Attributes, queue.WaitForEvent().Notes);

        File.Delete(path + ".moved");
        Assert.Equal(Deleted, queue.WaitForEvent().Notes & Deleted);
    }

    [Fact]
    public void Vnode_OtherChanges_StayUnsaid()
    {
        var (queue, file) = WatchFile(Renamed | Deleted, out var path);

        RandomAccess.Write(file.SafeFileHandle, new byte[10], fileOffset: 0);
        queue.ExpectSilence();

        File.Delete(path);
        Assert.Equal(Deleted, queue.WaitForEvent().Notes);
    }

    [Fact]
    public void Vnode_ChangesBeforeTheEvent_AreInOne()
    {
        var (queue, file) = WatchFile(AnyChange, out var path);

        RandomAccess.Write(file.SafeFileHandle, new byte[10], fileOffset: 0);
        File.Move(path, path + ".moved");

        var reported = queue.WaitForEvent();
        Assert.Equal(Written | Renamed, reported.Notes & (Written | Renamed));
        queue.ExpectSilence();
    }

    [Fact]
    public void Vnode_EntryOfADirectory_IsAWriteToIt()
    {
        RequiresThisSystem(KernelTrait.VnodeFilter);
        var directory = Own(new TemporaryDirectory());
        var queue = CreateQueue();
        queue.Apply(new KEvent(directory.Descriptor, KEventFilter.Vnode, Add | Clear, Written));

        File.WriteAllText(Path.Combine(directory.Path, "entry"), "");
        Assert.Equal(Written, queue.WaitForEvent().Notes);
    }

    [Fact]
    public void Vnode_TwoDescriptorsOfOneFile_BothHear()
    {
        var (queue, file) = WatchFile(Written, out var path);
        using var other = File.Open(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var otherIdent = other.SafeFileHandle.DangerousGetHandle();
        queue.Apply(new KEvent(otherIdent, KEventFilter.Vnode, Add | Clear, Written));

        RandomAccess.Write(file.SafeFileHandle, new byte[1], fileOffset: 0);
        Assert.Equal(2, queue.WaitForEvents().Length);

        queue.Apply(new KEvent(otherIdent, KEventFilter.Vnode, Delete));
        RandomAccess.Write(file.SafeFileHandle, new byte[1], fileOffset: 0);
        Assert.NotEqual(otherIdent, queue.WaitForEvent().Ident);
    }

    [Fact]
    public void Vnode_DescriptorIsClosed_RemovesTheKnote()
    {
        RequiresThisSystem(KernelTrait.CloseRemovesKnotes);
        var (queue, file) = WatchFile(AnyChange, out var path);
        file.Dispose();

        File.WriteAllText(path, "changed");

        queue.ExpectSilence();
    }

    // What everybody does whose file is replaced by another: close, open, add.
    [Fact]
    public void Vnode_NumberIsAnotherFileByThen_WatchesThat()
    {
        RequiresThisSystem(KernelTrait.CloseRemovesKnotes);
        var (queue, file) = WatchFile(AnyChange, out var path);
        using var other = File.Open(path + ".other", FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite);
        var number = Sockets.DuplicateNumber((int)file.SafeFileHandle.DangerousGetHandle());
        queue.Apply(new KEvent(file.SafeFileHandle.DangerousGetHandle(), KEventFilter.Vnode, Delete));
        queue.Apply(new KEvent(number, KEventFilter.Vnode, Add | Clear, AnyChange));

        Sockets.DuplicateTo((int)other.SafeFileHandle.DangerousGetHandle(), number);
        queue.Apply(new KEvent(number, KEventFilter.Vnode, Add | Clear, AnyChange, userData: 2));

        RandomAccess.Write(other.SafeFileHandle, new byte[10], fileOffset: 0);
        Assert.Equal(2, queue.WaitForEvent().UserData);
        RandomAccess.Write(file.SafeFileHandle, new byte[10], fileOffset: 0);
        queue.ExpectSilence();
        Sockets.Close(number);
    }

    [Fact]
    public void Vnode_NoDescriptor_IsAnsweredWithEBADF()
    {
        RequiresThisSystem(KernelTrait.VnodeFilter);

        var result = CreateQueue().ApplyForResult(new KEvent(-1, KEventFilter.Vnode, Add, Written));

        Assert.Equal(Errno.EBADF, result.ChangeError);
    }

    private (KernelQueue Queue, FileStream File) WatchFile(KEventNotes notes, out string path)
    {
        RequiresThisSystem(KernelTrait.VnodeFilter);
        path = Path.Combine(Own(new TemporaryDirectory()).Path, "file");
        var file = Own(File.Open(path, FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite));
        var queue = CreateQueue();
        queue.Apply(new KEvent(file.SafeFileHandle.DangerousGetHandle(), KEventFilter.Vnode, Add | Clear, notes));
        return (queue, file);
    }
}
