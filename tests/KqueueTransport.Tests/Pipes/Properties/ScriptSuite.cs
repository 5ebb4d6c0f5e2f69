using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using KqueueTransport.Tests.Pipes.Duplexes;

namespace KqueueTransport.Tests.Pipes.Properties;

/// <summary>Random scripts show the same on a <see cref="System.IO.Pipelines.Pipe"/> and under test.</summary>
/// <remarks>
/// Seeds 1 to 8 always run. PIPE_SEEDS=N runs seeds 1 to N, for a longer search; a failure names its seed, prints the
/// shortest script found, and comes back with the same seed.
/// </remarks>
public abstract class ScriptSuite(DuplexSource source)
{
    private const int ScriptsPerSeed = 100;

    // Any odd number: it makes the sequence of a seed, and is fixed so that the seed alone names the sequence.
    private const ulong Gamma = 0x9E3779B97F4A7C15;

    // Null is the usual limit of a wait. Once a script has failed, shrinking tries many that may hang as it did.
    private TimeSpan? _patience;

    public static IEnumerable<TheoryDataRow<int>> Seeds()
    {
        var count = int.Parse(Environment.GetEnvironmentVariable("PIPE_SEEDS") ?? "8", CultureInfo.InvariantCulture);
        return Enumerable.Range(1, count).Select(seed => new TheoryDataRow<int>(seed));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void AnyScript_OnPipeAndUnderTest_ShowsTheSame(int seed)
    {
        source.SkipIfDifferent();
        var config = Config.QuickThrowOnFailure
            .WithQuietOnSuccess(true)
            .WithMaxTest(ScriptsPerSeed)
            .WithReplay((ulong)seed, Gamma);
        Check.One(config, Prop.ForAll(Script.Arbitrary, script => RunAsync(script)));
    }

    private async Task RunAsync(Script script)
    {
        await using var oracle = new PipeDuplex(new DuplexOptions());
        await using var subject = await source.OpenAsync(new DuplexOptions());
        var run = new Lockstep(oracle, subject, _patience) { TakesBeforeAReset = !source.TellsReadsWhatASendMeets };
        try
        {
            await script.RunAsync(run);
        }
        catch (Exception exception)
        {
            _patience = TimeSpan.FromSeconds(1);
            throw new InvalidOperationException(
                $"{exception.Message}{Environment.NewLine}after{Environment.NewLine}{run.Trace}", exception);
        }
    }
}
