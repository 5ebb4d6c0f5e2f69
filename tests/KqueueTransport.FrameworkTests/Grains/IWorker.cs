namespace KqueueTransport.FrameworkTests.Grains;

/// <summary>What the suite asks of a grain.</summary>
[Alias("worker")]
public interface IWorker : IGrainWithIntegerKey
{
    [Alias("echo")]
    Task<byte[]> Echo(byte[] payload);

    [Alias("fail")]
    Task Fail(string reason);

    [Alias("count")]
    IAsyncEnumerable<int> Count(int count);

    /// <summary>The port of the silo that it lives in.</summary>
    [Alias("silo")]
    Task<int> Silo();

    /// <summary>Asks so many neighbours, one by way of the other, and answers with the silos on the way.</summary>
    [Alias("ask")]
    Task<int[]> AskNeighbours(int count);

    /// <summary>Tells an observer, which lives in the client.</summary>
    [Alias("tell")]
    Task Tell(IListener listener, int count);
}
