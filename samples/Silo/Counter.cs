namespace Silo;

/// <summary>Counts the calls that it gets.</summary>
public interface ICounter : IGrainWithStringKey
{
    /// <summary>Counts one more, and says how many they are and in which silo the grain lives.</summary>
    Task<string> NextAsync();
}

/// <inheritdoc cref="ICounter"/>
public sealed class Counter(ILocalSiloDetails silo) : Grain, ICounter
{
    private int _count;

    public Task<string> NextAsync() =>
        Task.FromResult($"{this.GetPrimaryKeyString()} is {++_count} on {silo.SiloAddress.Endpoint}");
}
