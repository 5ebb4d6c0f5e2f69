using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using MQTTnet;
using MQTTnet.AspNetCore;
using MQTTnet.Channel;
using MQTTnet.Protocol;
using MQTTnet.Server;

namespace KqueueTransport.FrameworkTests.Mqtt;

/// <summary>MQTTnet's broker, a connection handler, with its own client.</summary>
public abstract class MqttTests : TransportSuite
{
    // CONNECT of MQTT 3.1.1 with a clean session, a minute of keep-alive and the client id "reset"; and its CONNACK.
    private static readonly byte[] s_connect =
        [0x10, 17, 0, 4, .. "MQTT"u8, 4, 2, 0, 60, 0, 5, .. "reset"u8];

    private static readonly byte[] s_accepted = [0x20, 2, 0, 0];

    private readonly MqttClientFactory _clients = new();
    private readonly KqueueConnectionFactory? _factory;

    protected MqttTests(TestTransport transport, bool clientOnLoops = false)
        : base(transport)
    {
        if (clientOnLoops)
        {
            _factory = transport.NewConnectionFactory();
            OwnSynchronous(_factory);
        }
    }

    public static TheoryData<MqttQualityOfServiceLevel> Qualities =>
    [
        MqttQualityOfServiceLevel.AtMostOnce,
        MqttQualityOfServiceLevel.AtLeastOnce,
        MqttQualityOfServiceLevel.ExactlyOnce,
    ];

    [Theory]
    [MemberData(nameof(Qualities))]
    public async Task Publish_ManyMessages_ArriveOnceAndInOrder(MqttQualityOfServiceLevel quality)
    {
        var broker = await StartAsync();
        var heard = await ListenAsync(broker, "numbers", quality);
        var speaker = await ConnectAsync(broker);

        for (var i = 0; i < 200; i++)
        {
            await PublishAsync(speaker, "numbers", BitConverter.GetBytes(i), quality);
        }

        await Until.TrueAsync(() => heard.Count >= 200, Deadline);
        Assert.Equal(Enumerable.Range(0, 200), heard.Select(payload => BitConverter.ToInt32(payload)));
    }

    [Theory]
    [MemberData(nameof(Qualities))]
    public async Task Publish_PacketLargerThanABlock_ArrivesByteForByte(MqttQualityOfServiceLevel quality)
    {
        var broker = await StartAsync();
        var heard = await ListenAsync(broker, "large", quality);
        var speaker = await ConnectAsync(broker);

        foreach (var length in (int[])[4095, 4096, 4097, 100_000, Pattern.MiB])
        {
            await PublishAsync(speaker, "large", Pattern.OneMiB[..length], quality);
            await Until.TrueAsync(() => !heard.IsEmpty, Deadline);
            Assert.True(heard.TryDequeue(out var payload));
            Assert.True(Pattern.OneMiB.AsSpan(0, length).SequenceEqual(payload));
        }
    }

    [Fact]
    public async Task Clients_TwoHundred_EachHearsWhatItIsSent()
    {
        var broker = await StartAsync();
        var heard = await Task.WhenAll(Enumerable.Range(0, 200).Select(
            i => ListenAsync(broker, $"to/{i}", MqttQualityOfServiceLevel.AtLeastOnce)));
        var speaker = await ConnectAsync(broker);

        for (var i = 0; i < heard.Length; i++)
        {
            await PublishAsync(speaker, $"to/{i}", BitConverter.GetBytes(i));
        }

        await Until.TrueAsync(() => heard.All(payloads => payloads.Count == 1), Deadline);
        Assert.Equal(
            Enumerable.Range(0, heard.Length), heard.Select(payloads => BitConverter.ToInt32(payloads.Single())));
    }

    [Fact]
    public async Task Will_ClientVanishes_IsPublished()
    {
        var broker = await StartAsync();
        var heard = await ListenAsync(broker, "wills", MqttQualityOfServiceLevel.AtLeastOnce);
        var client = await ConnectAsync(
            broker, options => options.WithWillTopic("wills").WithWillPayload("gone"));

        client.Dispose();

        await Until.TrueAsync(() => !heard.IsEmpty, Deadline);
        Assert.Equal("gone"u8, heard.Single());
    }

    [Fact]
    public async Task Will_ClientSaysGoodbye_IsNotPublished()
    {
        var broker = await StartAsync();
        var heard = await ListenAsync(broker, "wills", MqttQualityOfServiceLevel.AtLeastOnce);
        var client = await ConnectAsync(
            broker, options => options.WithWillTopic("wills").WithWillPayload("gone"));
        var ended = EndedIds(broker);

        await client.DisconnectAsync(new MqttClientDisconnectOptions(), Deadline);
        await Until.TrueAsync(() => ended.Contains(client.Options.ClientId), Deadline);
        await PublishAsync(await ConnectAsync(broker), "wills", [1]);

        await Until.TrueAsync(() => !heard.IsEmpty, Deadline);
        Assert.Equal([1], heard.Single());
    }

    [Fact]
    public async Task Client_PeerResets_TheBrokerForgetsItAndServesOthers()
    {
        var broker = await StartAsync();
        var ended = EndedIds(broker);
        using var raw = await ConnectAsync(broker.EndPoint);
        await raw.SendAsync(s_connect);
        Assert.Equal(s_accepted, await raw.ReceiveAsync(s_accepted.Length));

        raw.SendReset();

        await Until.TrueAsync(() => ended.Contains("reset"), Deadline);
        Assert.True((await ConnectAsync(broker)).IsConnected);
    }

    [Fact]
    public async Task Client_TheSameIdAgain_TakesOverFromTheFirst()
    {
        var broker = await StartAsync();
        var first = await ConnectAsync(broker, options => options.WithClientId("one"));
        var second = await ConnectAsync(broker, options => options.WithClientId("one"));

        await Until.TrueAsync(() => !first.IsConnected, Deadline);

        await second.PingAsync(Deadline);
    }

    [Fact]
    public async Task Session_ClientIsAway_MessagesWaitForIt()
    {
        var broker = await StartAsync();
        static void Keep(MqttClientOptionsBuilder options) =>
            options.WithClientId("sleeper").WithCleanStart(false).WithSessionExpiryInterval(3600);
        var ended = EndedIds(broker);
        var sleeper = await ConnectAsync(broker, Keep);
        await sleeper.SubscribeAsync("news", MqttQualityOfServiceLevel.AtLeastOnce, Deadline);
        await sleeper.DisconnectAsync(new MqttClientDisconnectOptions(), Deadline);
        await Until.TrueAsync(() => ended.Contains("sleeper"), Deadline);
        await PublishAsync(await ConnectAsync(broker), "news", [1, 2, 3]);

        var heard = await HearAsync(broker, Keep);

        await Until.TrueAsync(() => !heard.Payloads.IsEmpty, Deadline);
        Assert.Equal([1, 2, 3], heard.Payloads.Single());
    }

    [Fact]
    public async Task Broker_Stops_EveryClientIsTold()
    {
        var broker = await StartAsync();
        var clients = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => ConnectAsync(broker)));

        await broker.Services.GetRequiredService<MqttServer>().StopAsync(new MqttServerStopOptions());

        await Until.TrueAsync(() => clients.All(client => !client.IsConnected), Deadline);
    }

    private Task<KestrelHost> StartAsync() => StartKestrelAsync(
        kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseMqtt()),
        _ => { },
        builder =>
        {
            builder.Services.AddHostedMqttServer(
                options => options.WithPersistentSessions().WithoutDefaultEndpoint());
            builder.Services.AddMqttConnectionHandler();
            builder.Services.AddConnections();
        });

    private static ConcurrentQueue<string> EndedIds(KestrelHost broker)
    {
        var ended = new ConcurrentQueue<string>();
        broker.Services.GetRequiredService<MqttServer>().ClientDisconnectedAsync += client =>
        {
            ended.Enqueue(client.ClientId);
            return Task.CompletedTask;
        };
        return ended;
    }

    private async Task PublishAsync(
        IMqttClient client,
        string topic,
        byte[] payload,
        MqttQualityOfServiceLevel quality = MqttQualityOfServiceLevel.AtLeastOnce)
    {
        var message = new MqttApplicationMessageBuilder().WithTopic(topic).WithPayload(payload)
            .WithQualityOfServiceLevel(quality).Build();
        await client.PublishAsync(message, Deadline);
    }

    private async Task<ConcurrentQueue<byte[]>> ListenAsync(
        KestrelHost broker, string topic, MqttQualityOfServiceLevel quality)
    {
        var (client, payloads) = await HearAsync(broker, _ => { });
        await client.SubscribeAsync(topic, quality, Deadline);
        return payloads;
    }

    private async Task<(IMqttClient Client, ConcurrentQueue<byte[]> Payloads)> HearAsync(
        KestrelHost broker, Action<MqttClientOptionsBuilder> configure)
    {
        var payloads = new ConcurrentQueue<byte[]>();
        var client = NewClient();
        client.ApplicationMessageReceivedAsync += message =>
        {
            payloads.Enqueue(message.ApplicationMessage.Payload.ToArray());
            return Task.CompletedTask;
        };
        await ConnectAsync(client, broker, configure);
        return (client, payloads);
    }

    private Task<IMqttClient> ConnectAsync(KestrelHost broker, Action<MqttClientOptionsBuilder>? configure = null) =>
        ConnectAsync(NewClient(), broker, configure ?? (_ => { }));

    private async Task<IMqttClient> ConnectAsync(
        IMqttClient client, KestrelHost broker, Action<MqttClientOptionsBuilder> configure)
    {
        // Without pings: a client that gets no core for some seconds is not one that is gone.
        var options = _clients.CreateClientOptionsBuilder()
            .WithProtocolVersion(MQTTnet.Formatter.MqttProtocolVersion.V500)
            .WithEndPoint(broker.EndPoint)
            .WithTimeout(TimeSpan.FromSeconds(30))
            .WithNoKeepAlive();
        if (_factory is not null)
        {
            options.WithStreamProvider(new FactoryStreams(_factory));
        }

        configure(options);
        await client.ConnectAsync(options.Build(), Deadline);
        return client;
    }

    private IMqttClient NewClient()
    {
        var client = _clients.CreateMqttClient();
        OwnSynchronous(client);
        return client;
    }

    /// <summary>The client's connections come from a connection factory.</summary>
    private sealed class FactoryStreams(KqueueConnectionFactory factory) : IMqttClientStreamProvider
    {
        public async Task<Stream> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken) =>
            await factory.ConnectStreamAsync(endpoint, cancellationToken);
    }
}
