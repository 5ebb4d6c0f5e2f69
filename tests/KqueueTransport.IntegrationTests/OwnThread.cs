namespace KqueueTransport.IntegrationTests;

/// <summary>Runs what blocks on a thread that is not the pool's.</summary>
internal static class OwnThread
{
    public static Task RunAsync(Action action) =>
        Task.Factory.StartNew(
            action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    public static Task<T> RunAsync<T>(Func<T> function) =>
        Task.Factory.StartNew(
            function, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
