namespace Kqueue.Tests.EventLoops.Model;

/// <summary>
/// Every interleaving of handlers that block, hand-overs and offloaded work: no loop stays with a handler.
/// </summary>
public sealed class ReserveModelTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1, 2)]
    [InlineData(1, 5)]
    [InlineData(2, 4)]
    [InlineData(2, 7)]
    [InlineData(3, 6)]
    [InlineData(3, 9)]
    public void Loops_EveryInterleaving_CanBeTakenOver(int loopCount, int standbyMax)
    {
        var exploration = new Exploration<ReserveState>(new ReserveModel(new(loopCount, standbyMax)));

        exploration.Run();

        output.WriteLine($"{loopCount} loops, {standbyMax} threads more: {exploration.StateCount} states");
    }

    // The limit of what is promised: with fewer threads all loops can be stuck at once, and one of them stays so.
    [Fact]
    public void Loops_FewerThanTwoThreadsEach_MayStayWithAHandler()
    {
        var exploration = new Exploration<ReserveState>(new ReserveModel(new(LoopCount: 2, StandbyMax: 3)));

        output.WriteLine(Assert.Throws<ProtocolViolationException>(exploration.Run).Message);
    }

    [Theory]
    [InlineData(ReserveFlaw.RunsWithoutAsking)]
    [InlineData(ReserveFlaw.OffloadsFromTheReserve)]
    [InlineData(ReserveFlaw.KeepsOneLess)]
    public void Loops_WithAFlaw_AreCaught(ReserveFlaw flaw)
    {
        var exploration = new Exploration<ReserveState>(new ReserveModel(new(2, 4) { Flaw = flaw }));

        output.WriteLine(Assert.Throws<ProtocolViolationException>(exploration.Run).Message);
    }
}
