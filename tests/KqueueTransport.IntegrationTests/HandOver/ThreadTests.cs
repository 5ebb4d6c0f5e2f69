using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;

namespace KqueueTransport.IntegrationTests.HandOver;

/// <summary>What an application may assume about its thread, as <see cref="Scheduling"/> states it.</summary>
public abstract class ThreadTests(TestTransport transport) : TransportSuite(transport)
{
    private static readonly AsyncLocal<string?> s_local = new();
    private static readonly CultureInfo s_ownCulture = (CultureInfo)CultureInfo.InvariantCulture.Clone();

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

    // Goal: whatever a handler does to its thread, nobody else sees it. Method: one connection does everything, in a
    // continuation that brings no context which would be put back behind it; two hundred others look at theirs.
    [Fact]
    public async Task Thread_OneHandlerChangesEverythingOnIt_NoOtherOfTwoHundredSeesIt()
    {
        const int Others = 200;
        var seen = new ConcurrentQueue<string>();
        var server = await HandleAsync(context =>
        {
            var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using (ExecutionContext.SuppressFlow())
            {
                Serve(context.Transport, seen, over);
            }

            return over.Task;
        });
        using var changing = await ConnectAsync(server);
        var others = await Task.WhenAll(Enumerable.Range(0, Others).Select(_ => ConnectAsync(server)));

        for (var i = 0; i < 3; i++)
        {
            await changing.SendAsync("!");
            await Task.WhenAll(others.Select(other => other.SendAsync("?")));
            await Task.WhenAll(others.Select(other => other.ReceiveTextAsync(1)));
            Assert.Equal("!", await changing.ReceiveTextAsync(1));
        }

        Array.ForEach(others, other => other.Dispose());
        Assert.Empty(seen);
    }

#pragma warning disable CA2012 // The awaiter is driven by hand.
    /// <summary>Answers each byte; no async method, which would put back what it finds changed.</summary>
    private static void Serve(IDuplexPipe pipes, ConcurrentQueue<string> seen, TaskCompletionSource over)
    {
        var reading = pipes.Input.ReadAsync().GetAwaiter();
        reading.UnsafeOnCompleted(() =>
        {
            try
            {
                var read = reading.GetResult();
                var text = Encoding.ASCII.GetString(read.Buffer);
                pipes.Input.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    over.SetResult();
                    return;
                }

                if (text == "?")
                {
                    LookAtThread(seen);
                }

                pipes.Output.Write(Encoding.ASCII.GetBytes(text));
                pipes.Output.FlushAsync().GetAwaiter().GetResult();
                Serve(pipes, seen, over);
                if (text == "!")
                {
                    ChangeThread();
                }
            }
            catch (ConnectionAbortedException)
            {
                // The test is over, and the server with it, before the client's end has come.
                over.TrySetResult();
            }
            catch (Exception error)
            {
                over.TrySetException(error);
            }
        });
    }

#pragma warning restore CA2012

    private static void ChangeThread()
    {
        s_local.Value = "changed";
        Activity.Current = new Activity("changed").Start();
        SynchronizationContext.SetSynchronizationContext(new SynchronizationContext());
        CultureInfo.CurrentCulture = s_ownCulture;
        Thread.CurrentThread.Priority = ThreadPriority.BelowNormal;
        Thread.CurrentThread.Name = "changed";
        Thread.CurrentThread.IsBackground = false;
    }

    private static void LookAtThread(ConcurrentQueue<string> seen)
    {
        Look("the AsyncLocal", s_local.Value is not null);
        Look("the Activity", Activity.Current is not null);
        Look("the SynchronizationContext", SynchronizationContext.Current is not null);
        Look("the culture", CultureInfo.CurrentCulture == s_ownCulture);
        Look("the priority", Thread.CurrentThread.Priority != ThreadPriority.Normal);
        Look("the name", Thread.CurrentThread.Name == "changed");
        Look("the foreground", !Thread.CurrentThread.IsBackground);

        void Look(string what, bool isChanged)
        {
            if (isChanged)
            {
                seen.Enqueue(what);
            }
        }
    }
}
