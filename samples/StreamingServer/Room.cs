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

    // Which of the connections are lost: publishing and subscribing have one each. Under its own lock.
    private readonly HashSet<ConnectionType> _lost = [];

    private Room(ConnectionMultiplexer redis)
    {
        _redis = redis;
        _subscriber = redis.GetSubscriber();
        redis.ConnectionFailed += (_, failed) => OnChanged(failed.ConnectionType, isLost: true);
        redis.ConnectionRestored += (_, restored) => OnChanged(restored.ConnectionType, isLost: false);
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

    // It is one Redis, which is lost with the first connection and back with the last. On threads of the pool.
    private void OnChanged(ConnectionType connection, bool isLost)
    {
        lock (_lost)
        {
            var wasLost = _lost.Count > 0;
            _ = isLost ? _lost.Add(connection) : _lost.Remove(connection);
            if (wasLost != _lost.Count > 0)
            {
                Console.Error.WriteLine(isLost ? "Redis is lost: this server is alone for now." : "Redis is back.");
            }
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
