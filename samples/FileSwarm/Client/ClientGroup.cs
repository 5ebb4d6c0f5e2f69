using System.Diagnostics;
using FileSwarm.Net;
using FileSwarm.Retrying;
using Kqueue.EventLoops;

namespace FileSwarm.Client;

/// <summary>
/// Any number of clients in one process, on one event loop. Unless a member says otherwise it is for the loop thread
/// only.
/// </summary>
internal sealed class ClientGroup : IDisposable
{
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(10);

    private readonly ClientHost[] _clients;
    private readonly List<RoundTrip> _roundTrips = [];
    private readonly List<string> _failures = [];
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _endedCount;

    // Written by the loop, read by whoever shows the progress.
    private long _storedBytes;
    private long _totalBytes;
    private long _startTimestamp;

    public ClientGroup(ClientOptions options)
    {
        Options = options;
        Loss = new DatagramLoss(options.LossPercent);
        Loop = new EventLoop(new EventLoopOptions
        {
            Name = "clients",
            UnhandledException = e => _completion.TrySetException(e),
        });
        _clients = [.. Enumerable.Range(1, options.Count).Select(number => new ClientHost(this, number))];
    }

    public ClientOptions Options { get; }

    public EventLoop Loop { get; }

    public DatagramLoss Loss { get; }

    /// <summary>Ends when every client has its copy or has failed. From any thread.</summary>
    public Task Completion => _completion.Task;

    /// <summary>From any thread.</summary>
    public long StoredBytes => Volatile.Read(ref _storedBytes);

    /// <summary>What all copies will have; 0 until the clients know. From any thread.</summary>
    public long TotalBytes => Volatile.Read(ref _totalBytes);

    /// <summary>To be read when it has ended.</summary>
    public IReadOnlyList<RoundTrip> RoundTrips => _roundTrips;

    /// <summary>What went wrong, a line for each client that failed. To be read when it has ended.</summary>
    public IReadOnlyList<string> Failures => _failures;

    /// <summary>Runs on a thread of its own. From any thread.</summary>
    public void Start()
    {
        _startTimestamp = Stopwatch.GetTimestamp();
        Loop.Start();
        Loop.Post(_ => Array.ForEach(_clients, client => client.Start()), null);
        ScheduleTick();
    }

    /// <summary>Stops the loop and lets everything go. From any thread but the loop's.</summary>
    public void Dispose()
    {
        Loop.Dispose();
        Array.ForEach(_clients, client => client.Dispose());
    }

    public void OnWelcome(long fileLength) => Volatile.Write(ref _totalBytes, _totalBytes + fileLength);

    public void OnStored(int client, int chunk, int bytes, Answered answered)
    {
        Volatile.Write(ref _storedBytes, _storedBytes + bytes);
        _roundTrips.Add(new RoundTrip(
            client, chunk, bytes, answered.Attempts, Stopwatch.GetElapsedTime(_startTimestamp), answered.RoundTrip));
    }

    public void OnEnded(int client, string? failure)
    {
        if (failure is not null)
        {
            _failures.Add($"client {client}: {failure}");
        }

        if (++_endedCount == _clients.Length)
        {
            _completion.TrySetResult();
        }
    }

    private void ScheduleTick() => Loop.Schedule(s_tick, _ => OnTick(), null);

    private void OnTick()
    {
        Array.ForEach(_clients, client => client.OnTick());
        ScheduleTick();
    }
}
