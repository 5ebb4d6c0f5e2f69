using StackExchange.Redis;

namespace StreamingServer;

/// <summary>
/// Several servers that hear each other through Redis: each publishes its lines on one channel and subscribes to it.
/// </summary>
internal sealed class Room : IDisposable
{
    private static readonly TimeSpan s_connectTimeout = TimeSpan.FromSeconds(3);
    private static readonly RedisChannel s_channel = new("streaming-server", RedisChannel.PatternMode.Literal);

    private readonly ConnectionMultiplexer _redis;
    private readonly ISubscriber _subscriber;

    // Redis delivers a message to the server that sent it too, which knows it by this.
    private readonly string _origin = $"{Guid.NewGuid():N} ";

    private bool _isLost;

    private Room(ConnectionMultiplexer redis)
    {
        _redis = redis;
        _subscriber = redis.GetSubscriber();
        redis.ConnectionFailed += (_, _) => ReportOnce(isLost: true);
        redis.ConnectionRestored += (_, _) => ReportOnce(isLost: false);
    }

    /// <summary>Connects and subscribes.</summary>
    /// <param name="address">HOST:PORT of Redis.</param>
    /// <param name="onLine">Called with every line of another server, in order, on threads of the pool.</param>
    /// <exception cref="IOException">Nobody answers there.</exception>
    public static Room Join(string address, string name, Action<string> onLine)
    {
        var options = ConfigurationOptions.Parse(address);
        options.ConnectRetry = 1;
        options.ConnectTimeout = (int)s_connectTimeout.TotalMilliseconds;
        options.ClientName = name.Replace(' ', '_');
        var room = new Room(Connect(address, options));
        room._subscriber.Subscribe(s_channel, (_, message) => room.OnMessage(message, onLine));
        return room;
    }

    /// <summary>Sends a line to the other servers, behind those sent before.</summary>
    public void Publish(string line) =>
        _subscriber.Publish(s_channel, _origin + line, CommandFlags.FireAndForget);

    public void Dispose() => _redis.Dispose();

    private static ConnectionMultiplexer Connect(string address, ConfigurationOptions options)
    {
        try
        {
            return ConnectionMultiplexer.Connect(options);
        }
        catch (RedisConnectionException e)
        {
            throw new IOException($"Redis does not answer at {address}: {e.Message}", e);
        }
    }

    // Publishing and subscribing have a connection each, but it is one Redis that is lost.
    private void ReportOnce(bool isLost)
    {
        if (Interlocked.Exchange(ref _isLost, isLost) != isLost)
        {
            Console.Error.WriteLine(isLost ? "Redis is lost: this server is alone for now." : "Redis is back.");
        }
    }

    private void OnMessage(string? message, Action<string> onLine)
    {
        // What is too short to have an origin was published by somebody else's program.
        if (message?.Length > _origin.Length && !message.StartsWith(_origin, StringComparison.Ordinal))
        {
            onLine(message[_origin.Length..]);
        }
    }
}
