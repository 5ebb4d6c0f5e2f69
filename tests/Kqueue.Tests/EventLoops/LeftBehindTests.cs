using Kqueue.EventLoops;
using Kqueue.EventLoops.Driving;

namespace Kqueue.Tests.EventLoops;

/// <summary>Who has lost a loop and is not back, and what waits for it.</summary>
public sealed class LeftBehindTests : IDisposable
{
    private readonly EventLoop _loop = new();
    private readonly LeftBehind _leftBehind = new();
    private readonly LoopDriver _driver;
    private readonly Registration _registration;

    public LeftBehindTests()
    {
        _driver = new LoopDriver(_loop, epoch: 0);
        _registration = new Registration(_loop, ident: 0, new HandlerAction(_ => { }));
        _driver.Running = _registration;
    }

    public void Dispose() => _loop.Dispose();

    // Whoever takes the loop swaps the word first, and the driver may be back before it is noted that it was away.
    // Nobody would take it from the list any more, and every event of the loop would be looked for there.
    [Fact]
    public void Add_TheDriverIsBackAlready_IsNotAwayForEver()
    {
        _leftBehind.Remove(_driver);

        _leftBehind.Add(_driver);

        Assert.True(_leftBehind.IsEmpty);
    }

    [Fact]
    public void Remove_EventsOfBothFiltersWereHeld_ReturnsTheLastOfEach()
    {
        _leftBehind.Add(_driver);
        Hold(KEventFilter.Read, data: 1);
        Hold(KEventFilter.Write, data: 2);
        Hold(KEventFilter.Read, data: 3);

        var held = _leftBehind.Remove(_driver).Held;

        Assert.Equal(
            [(KEventFilter.Write, 2L), (KEventFilter.Read, 3L)], held?.Select(kevent => (kevent.Filter, kevent.Data)));
        Assert.True(_leftBehind.IsEmpty);
    }

    [Fact]
    public void TryHold_OfAnotherRegistration_IsFalse()
    {
        _leftBehind.Add(_driver);
        var other = new Registration(_loop, ident: 1, new HandlerAction(_ => { }));

        Assert.False(_leftBehind.TryHold(other, new KEvent(1, KEventFilter.Read, KEventFlags.None)));
    }

    private void Hold(KEventFilter filter, long data) => Assert.True(
        _leftBehind.TryHold(_registration, new KEvent(0, filter, KEventFlags.None, KEventNotes.None, data)));
}
