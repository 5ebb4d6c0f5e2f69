namespace Kqueue.Interop;

/// <summary><c>struct itimerspec</c>. A zero <see cref="Value"/> disarms the timer.</summary>
internal struct TimerSetting
{
    public TimeSpec Interval;
    public TimeSpec Value;
}
