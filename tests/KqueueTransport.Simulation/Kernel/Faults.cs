namespace KqueueTransport.Simulation.Kernel;

/// <summary>
/// How often each fault strikes in one run, and how often it did. Each run leaves some out altogether and has others
/// often: what goes wrong together differs from run to run.
/// </summary>
internal sealed class Faults
{
    private static readonly Fault[] s_all = Enum.GetValues<Fault>();

    private readonly Random _random;
    private readonly double[] _rates;
    private readonly long[] _counts = new long[s_all.Length];

    public Faults(Random random)
    {
        _random = random;
        _rates = Array.ConvertAll(s_all, _ => random.Next(3) == 0 ? 0 : Math.Pow(random.NextDouble(), 3) / 2);

        // One connection in a hundred or so: more would leave nothing to check.
        _rates[(int)Fault.NetworkError] /= 500;
        _rates[(int)Fault.ArmFailed] /= 50;
    }

    public IReadOnlyList<long> Counts => _counts;

    public bool Strikes(Fault fault)
    {
        if (_random.NextDouble() >= _rates[(int)fault])
        {
            return false;
        }

        _counts[(int)fault]++;
        return true;
    }
}
