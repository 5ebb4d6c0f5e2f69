namespace KqueueTransport.IntegrationTests.HandOver;

/// <summary>The suites about blocking where a loop that is blocked has another beside it.</summary>
public static class OnTwoLoops
{
    public sealed class Blocking() : BlockingTests(TestTransport.KqueueAdaptive.OnLoops(2));

    public sealed class Transfers() : TransferTests(TestTransport.KqueueAdaptive.OnLoops(2));

    [Collection<Alone>]
    public sealed class Recovery() : RecoveryTests(loopCount: 2);

    [Collection<Alone>]
    public sealed class Stuck() : StuckTests(loopCount: 2, standbyThreadsMax: 32);
}
