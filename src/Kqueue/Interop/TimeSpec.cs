namespace Kqueue.Interop;

/// <summary><c>struct timespec</c>: two 64-bit numbers on every 64-bit system that this library knows.</summary>
internal struct TimeSpec
{
    public const long NanosecondsPerSecond = 1_000_000_000;

    public long Seconds;
    public long Nanoseconds;

    public static TimeSpec FromNanoseconds(long nanoseconds) => new()
    {
        Seconds = nanoseconds / NanosecondsPerSecond,
        Nanoseconds = nanoseconds % NanosecondsPerSecond,
    };
}
