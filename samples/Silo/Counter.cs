namespace Silo;

/// <summary>Counts the calls that it gets.</summary>
[Alias("counter")]
public interface ICounter : IGrainWithStringKey
{
    /// <summary>Counts one more.</summary>
    /// <returns>How many they are, and the silo where the grain lives.</returns>
    [Alias("next")]
    Task<string> NextAsync();
}

/// <inheritdoc cref="ICounter"/>
public sealed class Counter(ILocalSiloDetails silo) : Grain, ICounter
{
    private int _count;

    /// <inheritdoc/>
    public Task<string> NextAsync() =>
        Task.FromResult($"{this.GetPrimaryKeyString()} is {++_count} on {silo.SiloAddress.Endpoint}");
}
