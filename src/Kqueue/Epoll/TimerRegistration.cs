namespace Kqueue.Epoll;

/// <summary>The registration of the timerfd behind a timer, which has a number of its caller's.</summary>
internal sealed class TimerRegistration : Registration
{
    public TimerRegistration(int descriptor, nint ident)
        : base(descriptor, isOwn: true) => Timer = new Knote(ident, KEventFilter.Timer, this);

    public Knote Timer { get; }
}
