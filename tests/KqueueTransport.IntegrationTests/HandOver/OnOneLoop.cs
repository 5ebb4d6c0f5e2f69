namespace KqueueTransport.IntegrationTests.HandOver;

/// <summary>The suites about blocking where every connection shares the one loop that a handler blocks.</summary>
public static class OnOneLoop
{
    public sealed class Blocking() : BlockingTests(TestTransport.KqueueAdaptive.OnLoops(1));

    public sealed class Threads() : ThreadTests(TestTransport.KqueueAdaptive.OnLoops(1));

    public sealed class Transfers() : TransferTests(TestTransport.KqueueAdaptive.OnLoops(1));

    [Collection<Alone>]
    public sealed class Fairness() : FairnessTests(TestTransport.KqueueAdaptive.OnLoops(1));

    [Collection<Alone>]
    public sealed class Idle() : IdleTests(TestTransport.KqueueAdaptive.OnLoops(1));

    [Collection<Alone>]
    public sealed class Recovery() : RecoveryTests(loopCount: 1);

    [Collection<Alone>]
    public sealed class Stuck() : StuckTests(loopCount: 1, standbyThreadsMax: 4);
}
