namespace KqueueTransport.Tests.Pipes.Properties;

/// <summary>One thing that the application or the peer does. Where it makes no sense, it is skipped.</summary>
internal abstract record Step
{
    public abstract Task RunAsync(Lockstep run);

    /// <summary>Simpler steps to try when a script with this one has failed.</summary>
    public virtual IEnumerable<Step> Shrink() => [];

    protected static IEnumerable<int> Smaller(int count)
    {
        if (count > 1)
        {
            yield return 1;
            yield return count / 2;
            yield return count - 1;
        }
    }
}

internal sealed record Deliver(int Count) : Step
{
    public override Task RunAsync(Lockstep run) => run.DeliverAsync(Count);

    public override IEnumerable<Step> Shrink() => Smaller(Count).Select(count => new Deliver(count));
}

internal sealed record Finish : Step
{
    public override Task RunAsync(Lockstep run) => run.FinishAsync();
}

/// <summary>The peer ends both directions with an error.</summary>
internal sealed record Reset : Step
{
    public override Task RunAsync(Lockstep run) => run.ResetAsync();
}

internal sealed record Take(int Count) : Step
{
    public override Task RunAsync(Lockstep run) => run.TakeAsync(Count);
}

internal sealed record Read : Step
{
    public override Task RunAsync(Lockstep run) => run.ReadAsync();
}

internal sealed record ReadAtLeast(int Minimum) : Step
{
    public override Task RunAsync(Lockstep run) => run.ReadAtLeastAsync(Minimum);

    public override IEnumerable<Step> Shrink() => Smaller(Minimum).Select(minimum => new ReadAtLeast(minimum));
}

internal sealed record ReadWithCancelledToken : Step
{
    public override Task RunAsync(Lockstep run) => run.ReadWithCancelledTokenAsync();
}

internal sealed record ReadAtLeastWithCancelledToken(int Minimum) : Step
{
    public override Task RunAsync(Lockstep run) => run.ReadAtLeastWithCancelledTokenAsync(Minimum);
}

internal sealed record TryRead : Step
{
    public override Task RunAsync(Lockstep run) => run.TryReadAsync();
}

/// <summary>Ends the read in progress.</summary>
/// <param name="Consumed">Percent of its buffer.</param>
/// <param name="Examined">Percent of what is not consumed.</param>
internal sealed record AdvanceTo(int Consumed, int Examined) : Step
{
    public override Task RunAsync(Lockstep run)
    {
        run.AdvanceTo(Consumed, Examined);
        return Task.CompletedTask;
    }

    public override IEnumerable<Step> Shrink()
    {
        foreach (var simple in new[] { new AdvanceTo(100, 100), new AdvanceTo(0, 100), new AdvanceTo(0, 0) })
        {
            if (this == simple)
            {
                yield break;
            }
            yield return simple;
        }
    }
}

internal sealed record CancelPendingRead : Step
{
    public override Task RunAsync(Lockstep run) => run.CancelPendingReadAsync();
}

internal sealed record CancelReadToken : Step
{
    public override Task RunAsync(Lockstep run) => run.CancelReadTokenAsync();
}

internal sealed record CompleteReader(bool WithError = false) : Step
{
    public override Task RunAsync(Lockstep run)
    {
        run.CompleteReader(WithError ? new IOException("The application has failed.") : null);
        return Task.CompletedTask;
    }
}

internal sealed record Write(int Count) : Step
{
    public override Task RunAsync(Lockstep run) => run.WriteAsync(Count);

    public override IEnumerable<Step> Shrink() => Smaller(Count).Select(count => new Write(count));
}

internal sealed record WriteAndFlush(int Count) : Step
{
    public override Task RunAsync(Lockstep run) => run.WriteAndFlushAsync(Count, new CancellationToken(false));

    public override IEnumerable<Step> Shrink() => Smaller(Count).Select(count => new WriteAndFlush(count));
}

internal sealed record WriteWithCancelledToken(int Count) : Step
{
    public override Task RunAsync(Lockstep run) => run.WriteAndFlushAsync(Count, new CancellationToken(true));
}

internal sealed record Flush : Step
{
    public override Task RunAsync(Lockstep run) => run.FlushAsync(new CancellationToken(false));
}

internal sealed record FlushWithCancelledToken : Step
{
    public override Task RunAsync(Lockstep run) => run.FlushAsync(new CancellationToken(true));
}

internal sealed record CancelPendingFlush : Step
{
    public override Task RunAsync(Lockstep run)
    {
        run.CancelPendingFlush();
        return Task.CompletedTask;
    }
}

internal sealed record CompleteWriter : Step
{
    public override Task RunAsync(Lockstep run) => run.CompleteWriterAsync();
}

internal sealed record CompleteWriterWithError : Step
{
    public override Task RunAsync(Lockstep run) =>
        run.CompleteWriterWithErrorAsync(new IOException("The application has failed."));
}
