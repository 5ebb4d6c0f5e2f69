using System.Net;
using KqueueTransport.Outbound;
using KqueueTransport.Simulation.Kernel;

namespace KqueueTransport.Simulation.Dials;

/// <summary>The part of the process that connects to others: when it begins, the names, and the timers of it.</summary>
internal sealed class Dialer(Process process, IReadOnlyList<Dial> dials, Connector connector, TimeSpan timeout)
{
    private readonly SimulatedClock _clock = process.Kernel.Clock;

    public bool IsBusy => dials.Any(dial => dial.IsUnderWay);

    public void Start()
    {
        process.Scheduler.Start("timers", FireTimers);
        if (dials.Count > 0)
        {
            process.Scheduler.Start("dialer", () => Begin(areLate: false));
        }
    }

    /// <summary>Begins those that come when the loops are about to end.</summary>
    public void BeginLate() => Begin(areLate: true);

    /// <summary>The process stops: it gives up what is under way.</summary>
    public void Cancel()
    {
        foreach (var dial in dials)
        {
            if (!dial.Plan.IsLate)
            {
                dial.Cancel();
            }
        }
    }

    /// <summary>The addresses of a dial's name, which come at once or later.</summary>
    public Task<IPAddress[]> ResolveAsync(DnsEndPoint name, CancellationToken cancellationToken)
    {
        var dial = dials.First(dial => ReferenceEquals(dial.Plan.EndPoint, name));
        IPAddress[] addresses = [.. dial.Plan.Targets.Select(target => target.Address)];
        if (process.Random.Next(2) == 0)
        {
            return Task.FromResult(addresses);
        }

        var completion = new TaskCompletionSource<IPAddress[]>();
        process.Queue(() =>
        {
            if (cancellationToken.IsCancellationRequested)
            {
                completion.SetCanceled(cancellationToken);
            }
            else
            {
                completion.SetResult(addresses);
            }
        });
        return completion.Task;
    }

    public string? Complaint() =>
        dials.Select(dial => dial.Complaint(timeout)).FirstOrDefault(complaint => complaint is not null);

    private void Begin(bool areLate)
    {
        foreach (var dial in dials.Where(dial => dial.Plan.IsLate == areLate))
        {
            process.Scheduler.Stall(process.Random.Next(areLate ? 20 : 400));
            dial.Start(connector);
        }
    }

    private void FireTimers()
    {
        while (true)
        {
            // The timers of a loop that has ended fire all the same.
            process.Scheduler.WaitUntil(
                () => _clock.HasDueTimer || (process.HaveLoopsEnded && !IsBusy && _clock.TimerCount == 0));
            if (!_clock.HasDueTimer)
            {
                return;
            }

            _clock.FireOne(process.Random);
        }
    }
}
