using FsCheck;
using FsCheck.Fluent;

namespace KqueueTransport.Tests.Pipes.Properties;

/// <summary>A sequence of steps, as FsCheck makes and shrinks it.</summary>
internal sealed class Script(IReadOnlyList<Step> steps)
{
    private const int LengthMax = 60;

    // Sizes around what the implementations have in common, blocks of 4 KiB; each is one piece to the oracle's peer.
    private static readonly Gen<int> s_size = Gen.OneOf(
        Gen.Choose(1, 20), Gen.Choose(1, 5000), Gen.Elements(4095, 4096, 4097, 8192), Gen.Choose(1, 20_000));

    // Often less than one delivery, often more than several.
    private static readonly Gen<int> s_minimum = Gen.Frequency(
        (1, Gen.Constant(0)), (4, s_size), (2, Gen.Choose(1, 60_000)));

    private static readonly Gen<int> s_percent = Gen.Frequency(
        (3, Gen.Constant(0)), (3, Gen.Constant(100)), (2, Gen.Choose(0, 100)));

    private static readonly Gen<Step> s_readStep = Gen.Frequency(
        (8, s_size.Select(Step (count) => new Deliver(count))),
        (8, Gen.Constant<Step>(new Read())),
        (6, s_minimum.Select(Step (minimum) => new ReadAtLeast(minimum))),
        (4, Gen.Constant<Step>(new TryRead())),
        (12, s_percent.Zip(s_percent, Step (consumed, examined) => new AdvanceTo(consumed, examined))),
        (2, Gen.Constant<Step>(new CancelPendingRead())),
        (2, Gen.Constant<Step>(new CancelReadToken())),
        (1, Gen.Constant<Step>(new ReadWithCancelledToken())),
        (1, s_minimum.Select(Step (minimum) => new ReadAtLeastWithCancelledToken(minimum))));

    private static readonly Gen<Step> s_writeStep = Gen.Frequency(
        (6, s_size.Select(Step (count) => new Write(count))),
        (4, s_size.Select(Step (count) => new WriteAndFlush(count))),
        (6, Gen.Constant<Step>(new Flush())),
        (8, s_size.Select(Step (count) => new Take(count))),
        (1, Gen.Constant<Step>(new CancelPendingFlush())),
        (1, Gen.Constant<Step>(new FlushWithCancelledToken())),
        (1, s_size.Select(Step (count) => new WriteWithCancelledToken(count))));

    private static readonly Gen<Step> s_endStep = Gen.Elements<Step>(
        new Finish(),
        new Finish(),
        new Reset(),
        new CompleteReader(),
        new CompleteReader(WithError: true),
        new CompleteWriter(),
        new CompleteWriterWithError());

    // Whatever came before, the rest of both streams must still be there.
    private static readonly Step[] s_epilogue =
    [
        new AdvanceTo(0, 0), new CancelReadToken(), new Deliver(1), new Read(), new AdvanceTo(100, 100), new Read(),
        new Flush(), new Take(int.MaxValue),
    ];

    public static Arbitrary<Script> Arbitrary { get; } = Arb.From(
        from length in Gen.Choose(1, LengthMax)
        from steps in Gen.Frequency((14, s_readStep), (9, s_writeStep), (1, s_endStep)).ListOf(length)
        select new Script(steps),
        script => script.Shrink());

    public async Task RunAsync(Lockstep run)
    {
        foreach (var step in steps.Concat(s_epilogue))
        {
            await run.StepAsync(step);
        }
    }

    public override string ToString() => string.Join(Environment.NewLine, steps.Prepend<object>(string.Empty));

    private IEnumerable<Script> Shrink()
    {
        for (var length = steps.Count / 2; length > 0; length /= 2)
        {
            for (var start = 0; start < steps.Count; start += length)
            {
                yield return new Script([.. steps.Take(start), .. steps.Skip(start + length)]);
            }
        }
        for (var i = 0; i < steps.Count; i++)
        {
            foreach (var simpler in steps[i].Shrink())
            {
                yield return new Script([.. steps.Take(i), simpler, .. steps.Skip(i + 1)]);
            }
        }
    }
}
