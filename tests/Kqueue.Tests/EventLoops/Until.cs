namespace Kqueue.Tests.EventLoops;

/// <summary>Waiting on conditions, with an end.</summary>
internal static class Until
{
    /// <summary>Long enough for any machine; a test that waits as long has failed.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static void Holds(Func<bool> condition, string failure)
    {
        var deadline = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        while (!condition())
        {
            Assert.True(Environment.TickCount64 < deadline, failure);
            Thread.Sleep(1);
        }
    }

    public static void IsSet(ManualResetEventSlim signal, string failure) =>
        Assert.True(signal.Wait(Patience, TestContext.Current.CancellationToken), failure);
}
