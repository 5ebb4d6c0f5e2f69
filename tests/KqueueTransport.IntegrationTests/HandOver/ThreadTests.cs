using Microsoft.AspNetCore.Http;

namespace KqueueTransport.IntegrationTests.HandOver;

/// <summary>What an application may assume about its thread, as <see cref="Scheduling"/> states it.</summary>
public abstract class ThreadTests(TestTransport transport) : TransportSuite(transport)
{
    private static readonly AsyncLocal<string?> s_local = new();

    [Fact]
    public async Task Handler_BeforeAndAfterAnAwait_HasNoSynchronizationContext()
    {
        var server = await ServeAsync(async context =>
        {
            var before = SynchronizationContext.Current is null && TaskScheduler.Current == TaskScheduler.Default;
            await context.Request.Body.CopyToAsync(Stream.Null);
            var after = SynchronizationContext.Current is null && TaskScheduler.Current == TaskScheduler.Default;
            await context.Response.WriteAsync($"{before} {after}");
        });
        using var connection = await ConnectAsync(server.EndPoint);

        await connection.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\n");
        await connection.SendAsync("x");

        Assert.Contains("True True", await connection.ReceiveToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AsyncLocal_SetInARequest_IsNotSeenByTheNextOnes()
    {
        const int Connections = 8;
        var server = await ServeAsync(context =>
        {
            var left = s_local.Value;
            s_local.Value = "left behind";
            return context.Response.WriteAsync(left ?? "clean");
        });
        var clients = Enumerable.Range(0, Connections).Select(_ => Http.ClientFor(server.EndPoint)).ToArray();

        for (var i = 0; i < 20; i++)
        {
            foreach (var client in clients)
            {
                Assert.Equal("clean", await client.GetStringAsync("/", Deadline));
            }
        }

        Array.ForEach(clients, client => client.Dispose());
    }

    [Fact]
    public async Task AsyncLocal_SetBeforeARead_FlowsPastItAndToNoOtherConnection()
    {
        const int Connections = 8;
        const int Rounds = 50;
        var numbers = 0;
        var server = await HandleAsync(async context =>
        {
            var (input, output) = (context.Transport.Input, context.Transport.Output);
            var leaked = s_local.Value is not null;
            var own = $"connection {Interlocked.Increment(ref numbers)}";
            s_local.Value = own;
            for (var i = 0; i < Rounds; i++)
            {
                var read = await input.ReadAsync(Deadline);
                input.AdvanceTo(read.Buffer.End);
                await output.WriteAsync(s_local.Value == own && !leaked ? "y"u8.ToArray() : "n"u8.ToArray(), Deadline);
            }
        });
        var connections = await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => ConnectAsync(server)));

        for (var i = 0; i < Rounds; i++)
        {
            await Task.WhenAll(connections.Select(connection => connection.SendAsync("x")));
            foreach (var connection in connections)
            {
                Assert.Equal("y", await connection.ReceiveTextAsync(1));
            }
        }

        Array.ForEach(connections, connection => connection.Dispose());
    }
}
