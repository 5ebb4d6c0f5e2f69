using Kqueue.Interop;
using Kqueue.Tests.Infrastructure;
using static Kqueue.KEventFlags;

namespace Kqueue.Tests.Contract;

public abstract partial class KernelQueueContract
{
    [Fact]
    public void User_TriggeredSeveralTimes_IsReportedOnce()
    {
        var queue = CreateQueueWithUser(ident: 7, Add | Clear, userData: 42);

        queue.Apply(Changes.Trigger(7, 42));
        queue.Apply(Changes.Trigger(7, 42), Changes.Trigger(7, 42));

        var reported = queue.WaitForEvent();
        Assert.Equal((7, KEventFilter.User, 42), (reported.Ident, reported.Filter, reported.UserData));
        queue.ExpectSilence();
    }

    [Fact]
    public void User_NotAdded_TriggerIsAnsweredWithENOENT()
    {
        Requires(KernelTrait.UserFilter);

        Assert.Equal(Errno.ENOENT, CreateQueue().ApplyForResult(Changes.Trigger(7)).ChangeError);
    }

    [Fact]
    public void User_WithoutClear_IsReportedUntilAChangeClears()
    {
        var queue = CreateQueueWithUser(ident: 7, Add);
        queue.Apply(Changes.Trigger(7));

        queue.WaitForEvent();
        queue.WaitForEvent();

        Requires(KernelTrait.TriggerWithClearIsLost);
        queue.Apply(Changes.User(7, Clear));
        queue.ExpectSilence();
    }

    [Fact]
    public void User_OneShot_TheKnoteIsGoneAfterItsEvent()
    {
        var queue = CreateQueueWithUser(ident: 7, Add | OneShot);
        queue.Apply(Changes.Trigger(7));

        queue.WaitForEvent();

        Assert.Equal(Errno.ENOENT, queue.ApplyForResult(Changes.Trigger(7)).ChangeError);
    }

    [Fact]
    public void User_Dispatch_WaitsForEnable()
    {
        Requires(KernelTrait.TriggerOutlivesDisabling);
        var queue = CreateQueueWithUser(ident: 7, Add | Clear | Dispatch);
        queue.Apply(Changes.Trigger(7));
        queue.WaitForEvent();

        queue.Apply(Changes.Trigger(7));
        queue.ExpectSilence();

        queue.Apply(Changes.User(7, Enable));
        queue.WaitForEvent();
        queue.ExpectSilence();
    }

    [Fact]
    public void User_TriggeredWhileDisabled_IsReportedAfterEnable()
    {
        Requires(KernelTrait.TriggerOutlivesDisabling);
        var queue = CreateQueueWithUser(ident: 7, Add | Clear);
        queue.Apply(Changes.User(7, Disable));

        queue.Apply(Changes.Trigger(7));
        queue.ExpectSilence();

        queue.Apply(Changes.User(7, Enable));
        queue.WaitForEvent();
    }

    [Fact]
    public void User_DeletedWhenTriggered_StaysSilent()
    {
        var queue = CreateQueueWithUser(ident: 7, Add | Clear);
        queue.Apply(Changes.Trigger(7));

        queue.Apply(Changes.User(7, Delete));

        queue.ExpectSilence();
    }

    [Fact]
    public void User_TriggerInTheChangeThatAdds_IsLost()
    {
        Requires(KernelTrait.UserFilter);
        Requires(KernelTrait.TriggerWithAddIsLost);
        var queue = CreateQueue();

        queue.Apply(Changes.Trigger(7, flags: Add | Clear));

        queue.ExpectSilence();
    }

    [Fact]
    public void User_TriggerWithClearAmongItsFlags_IsLost()
    {
        Requires(KernelTrait.TriggerWithClearIsLost);
        var queue = CreateQueueWithUser(ident: 7, Add | Clear);

        queue.Apply(Changes.Trigger(7, flags: Clear));

        queue.ExpectSilence();
    }

    [Fact]
    public void User_TriggerWithOtherUserData_OverwritesIt()
    {
        Requires(KernelTrait.TriggerTakesUserData);
        var queue = CreateQueueWithUser(ident: 7, Add | Clear, userData: 1);

        queue.Apply(Changes.Trigger(7, userData: 2));

        Assert.Equal(2, queue.WaitForEvent().UserData);
    }

    [Fact]
    public void User_IdentThatIsADescriptorToo_IsAKnoteOfItsOwn()
    {
        var pair = ConnectPair();
        var queue = CreateQueueWithUser(pair.Near.Ident, Add | Clear, userData: 1);
        queue.Apply(Changes.Read(pair.Near, Add | Clear, userData: 2));

        queue.Apply(Changes.Trigger(pair.Near.Ident, userData: 1));

        var reported = queue.WaitForEvent();
        Assert.Equal((KEventFilter.User, (nint)1), (reported.Filter, reported.UserData));
    }

    [Fact]
    public void User_LevelInAListOfOne_LeavesOthersTheirTurn()
    {
        var queue = CreateQueueWithUser(ident: 7, Add);
        var pair = ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add), Changes.Trigger(7));
        pair.Peer.Send(1);
        pair.Near.WaitForBytes(1);

        var seen = new HashSet<KEventFilter>();
        for (var call = 0; call < 4; call++)
        {
            seen.Add(Assert.Single(queue.WaitForEvents(capacity: 1)).Filter);
        }

        Assert.Equal(2, seen.Count);
    }

    [Fact]
    public void User_FlagsOfTheCallers_AreKeptAndCombined()
    {
        Requires(KernelTrait.UserFlags);
        var queue = CreateQueueWithUser(ident: 7, Add | Clear);
        var steps = new (KEventNotes Control, uint Flags, uint Expected)[]
        {
            (KEventNotes.UserCopy, 0x00FF_00FF, 0x00FF_00FF),
            (KEventNotes.UserAnd, 0x000F_F00F, 0x000F_000F),
            (KEventNotes.UserOr, 0x0000_0100, 0x000F_010F),
            (KEventNotes.None, 0x00F0_0000, 0x000F_010F),
        };

        foreach (var (control, flags, expected) in steps)
        {
            queue.Apply(new KEvent(
                7, KEventFilter.User, None, KEventNotes.Trigger | control | (KEventNotes)flags, data: 5));

            var reported = queue.WaitForEvent();
            Assert.Equal((expected, 5), ((uint)reported.Notes, reported.Data));
        }
    }

    private KernelQueue CreateQueueWithUser(nint ident, KEventFlags flags, nint userData = 0)
    {
        Requires(KernelTrait.UserFilter);
        var queue = CreateQueue();
        queue.Apply(Changes.User(ident, flags, userData));
        return queue;
    }
}
