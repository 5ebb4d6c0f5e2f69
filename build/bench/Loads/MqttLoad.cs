using System.Net;
using Bench.Tools;
using MQTTnet;

namespace Bench.Loads;

/// <summary>
/// MQTT messages with quality of service 0, by MQTTnet's client: each connection publishes what it has subscribed to,
/// so that the broker hands every message back.
/// </summary>
/// <param name="Connections">How many connections.</param>
/// <param name="Broker">Where they connect.</param>
internal sealed record MqttLoad(int Connections, IPEndPoint Broker) : ClientLoad(Connections)
{
    private const int MessageBytes = 32;

    private static readonly MqttClientFactory s_factory = new();

    protected override async Task<IEchoClient> ConnectAsync(int number, CancellationToken cancellation)
    {
        var client = new Client(s_factory.CreateMqttClient(), $"to/{number}");
        await client.ConnectAsync(
            s_factory.CreateClientOptionsBuilder().WithEndPoint(Broker).Build(), cancellation);
        return client;
    }

    private sealed class Client : IEchoClient
    {
        private readonly IMqttClient _client;
        private readonly string _topic;
        private readonly MqttApplicationMessage _message;
        private readonly SemaphoreSlim _received = new(0);
        private long _bytes;

        public Client(IMqttClient client, string topic)
        {
            (_client, _topic) = (client, topic);
            _message = new MqttApplicationMessageBuilder()
                .WithTopic(topic).WithPayload(new byte[MessageBytes]).Build();
            client.ApplicationMessageReceivedAsync += OnReceivedAsync;
        }

        public async Task ConnectAsync(MqttClientOptions options, CancellationToken cancellation)
        {
            await _client.ConnectAsync(options, cancellation);
            await _client.SubscribeAsync(_topic, cancellationToken: cancellation);
        }

        public async Task EchoAsync(CancellationToken cancellation)
        {
            await _client.PublishAsync(_message, cancellation);
            await _received.WaitAsync(cancellation);
            if (_bytes != MessageBytes)
            {
                throw new ToolException($"{_bytes} of {MessageBytes} bytes came back.");
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _client.DisconnectAsync();
            _client.Dispose();
            _received.Dispose();
        }

        private Task OnReceivedAsync(MqttApplicationMessageReceivedEventArgs received)
        {
            _bytes = received.ApplicationMessage.Payload.Length;
            _received.Release();
            return Task.CompletedTask;
        }
    }
}
