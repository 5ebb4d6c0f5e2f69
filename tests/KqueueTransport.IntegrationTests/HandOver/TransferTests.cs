using System.Buffers;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace KqueueTransport.IntegrationTests.HandOver;

/// <summary>Loops that change hands in the middle of transfers lose, double and swap no byte.</summary>
public abstract class TransferTests : TransportSuite
{
    private const int Connections = 12;
    private const int BodyBytes = Pattern.MiB + 17;

    protected TransferTests(TestTransport transport)
        : base(transport) => Log.Expect("keep blocking");

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Upload_HandlersBlockNowAndThen_IsWhole(int seed)
    {
        var server = await ServeAsync(async context =>
        {
            var pauses = new Pauses(seed, context);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = new byte[32 * 1024];
            while (await context.Request.Body.ReadAsync(buffer) is > 0 and var count)
            {
                hash.AppendData(buffer, 0, count);
                pauses.PerhapsBlock();
            }

            await context.Response.WriteAsync(Convert.ToHexString(hash.GetHashAndReset()));
        });
        using var client = Http.ClientFor(server.EndPoint);
        var expected = Convert.ToHexString(SHA256.HashData(new PatternStream(BodyBytes, canSeek: true)));

        await ForAllAsync(async number =>
        {
            using var body = new StreamContent(new PatternStream(BodyBytes, canSeek: true));
            using var answer = await client.PostAsync(new Uri($"/{number}", UriKind.Relative), body, Deadline);
            Assert.Equal(expected, await answer.Content.ReadAsStringAsync(Deadline));
        });
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Download_HandlersBlockNowAndThen_IsWhole(int seed)
    {
        var server = await ServeAsync(async context =>
        {
            var pauses = new Pauses(seed, context);
            await using var body = new PatternStream(BodyBytes, canSeek: true);
            var buffer = new byte[10_000];
            while (body.Read(buffer) is > 0 and var count)
            {
                await context.Response.Body.WriteAsync(buffer.AsMemory(0, count));
                pauses.PerhapsBlock();
            }
        });
        using var client = Http.ClientFor(server.EndPoint);

        await ForAllAsync(async number =>
        {
            await using var expected = new PatternStream(BodyBytes, canSeek: true);
            await using var actual = await client.GetStreamAsync($"/{number}", Deadline);
            Assert.True(await StreamsEqual.CompareAsync(expected, actual, Deadline));
        });
    }

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Echo_HandlersBlockNowAndThen_IsWhole(int seed)
    {
        var number = 0;
        var endPoint = await HandleAsync(async context =>
        {
            var pauses = new Pauses(seed + Interlocked.Increment(ref number));
            var (input, output) = (context.Transport.Input, context.Transport.Output);
            while (await input.ReadAsync(Deadline) is { Buffer.IsEmpty: false } read)
            {
                output.Write(read.Buffer.ToArray());
                input.AdvanceTo(read.Buffer.End);
                var flushing = output.FlushAsync(Deadline);
                pauses.PerhapsBlock();
                await flushing;
            }
        });

        await ForAllAsync(async _ =>
        {
            using var connection = await ConnectAsync(endPoint);
            var sending = connection.SendAsync(Pattern.OneMiB);
            Assert.Equal(Pattern.OneMiB, await connection.ReceiveAsync(Pattern.MiB));
            await sending;
            connection.SendFin();
            Assert.Equal("", await connection.ReceiveToEndAsync());
        });
    }

    private static Task ForAllAsync(Func<int, Task> transfer) =>
        Task.WhenAll(Enumerable.Range(0, Connections).Select(transfer));

    /// <summary>One in twelve steps blocks, longer than a loop waits for it.</summary>
    private sealed class Pauses(int seed)
    {
        private readonly Random _random = new(seed);

        public Pauses(int seed, HttpContext context)
            : this((seed * Connections) + int.Parse(context.Request.Path.Value!.AsSpan(1), provider: null))
        {
        }

        public void PerhapsBlock()
        {
            if (_random.Next(12) == 0)
            {
                Thread.Sleep(_random.Next(1, 8));
            }
        }
    }
}
