using System.Diagnostics;
using Kqueue.Tests.Infrastructure;
using static Kqueue.KEventFlags;

namespace Kqueue.Tests.Contract;

public abstract partial class KernelQueueContract
{
    [Fact]
    public void Process_Ends_IsReportedOnceWithEof()
    {
        RequiresThisSystem(KernelTrait.ProcessFilter);
        var queue = CreateQueue();
        using var process = StartShell();
        queue.Apply(new KEvent(process.Id, KEventFilter.Process, Add, KEventNotes.Exited, userData: 9));
        queue.ExpectSilence();

        process.StandardInput.Close();

        var reported = queue.WaitForEvent();
        Assert.Equal(
            (process.Id, KEventFilter.Process, (nint)9), (reported.Ident, reported.Filter, reported.UserData));
        Assert.Equal((KEventNotes.Exited, Eof), (reported.Notes & KEventNotes.Exited, reported.Flags & Eof));
        queue.ExpectSilence();
        var deletion = new KEvent(process.Id, KEventFilter.Process, Delete);
        Assert.Equal(Errno.ENOENT, queue.ApplyForResult(deletion).ChangeError);
    }

    [Fact]
    public void Process_Deleted_StaysSilent()
    {
        RequiresThisSystem(KernelTrait.ProcessFilter);
        var queue = CreateQueue();
        using var process = StartShell();
        queue.Apply(new KEvent(process.Id, KEventFilter.Process, Add, KEventNotes.Exited));

        queue.Apply(new KEvent(process.Id, KEventFilter.Process, Delete));
        process.StandardInput.Close();
        Assert.True(process.WaitForExit(30_000));

        queue.ExpectSilence();
    }

    [Fact]
    public void Process_NoSuchProcess_IsAnsweredWithESRCH()
    {
        RequiresThisSystem(KernelTrait.ProcessFilter);
        using var process = StartShell();
        process.StandardInput.Close();
        Assert.True(process.WaitForExit(30_000));

        var result = CreateQueue().ApplyForResult(
            new KEvent(process.Id, KEventFilter.Process, Add, KEventNotes.Exited));

        Assert.Equal(Errno.ESRCH, result.ChangeError);
    }

    [Theory]
    [InlineData("exit 7", 7 << 8)]
    [InlineData("kill -9 $$", 9)]
    public void Process_ChildThatNobodyHasWaitedFor_TheDataIsItsStatus(string script, long status)
    {
        RequiresThisSystem(KernelTrait.ProcessFilter);
        var queue = CreateQueue();
        using var child = ChildProcess.Start($"read line; {script}");
        const KEventNotes Notes = KEventNotes.Exited | KEventNotes.ExitStatus;
        queue.Apply(new KEvent(child.Id, KEventFilter.Process, Add, Notes));

        child.LetGo();

        Assert.Equal(status, queue.WaitForEvent().Data);
    }

    private static Process StartShell() => Process.Start(
        new ProcessStartInfo("/bin/cat") { RedirectStandardInput = true, RedirectStandardOutput = true })!;
}
