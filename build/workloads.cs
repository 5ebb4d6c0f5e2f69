// What build/constants.cs runs for one constant, and nothing else: `workloads.cs NAME` prints a line for each figure,
// "what, a tab, how much". Counts where a count can show it, and medians of times.
#:sdk Microsoft.NET.Sdk.Web
#:project ../src/KqueueTransport
#:property PublishAot=false

using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Text.RegularExpressions;
using Kqueue;
using Kqueue.EventLoops;
using KqueueTransport;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var workload = typeof(Workloads).GetMethod(args[0].Replace('.', '_')) ??
    typeof(Workloads).GetMethod(args[0].Split('.')[^1])!;
await (Task)workload.Invoke(null, [])!;

internal static class Workloads
{
    private const int MiB = 1 << 20;

    public static async Task DefaultWatchPeriod()
    {
        using var group = new EventLoopGroup(new() { LoopCount = 1 });
        var waits = new List<double>();
        for (var i = 0; i < 40; i++)
        {
            var gone = new TaskCompletionSource<double>(TaskCreationOptions.RunContinuationsAsynchronously);
            group.Loops[0].Post(_ =>
            {
                var began = Stopwatch.GetTimestamp();
                group.Loops[0].Post(_ => gone.SetResult(Stopwatch.GetElapsedTime(began).TotalMilliseconds), null);
                Thread.Sleep(30);
            }, null);
            waits.Add(await gone.Task);
            await Task.Delay(40);
        }

        Print("ms that others wait for a handler that blocks", Median(waits), "N1");
        var looks = SwitchesOf("kqueue watch");
        var over = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(over) < TimeSpan.FromSeconds(1))
        {
            group.Loops[0].Post(_ => { }, null);
            await Task.Delay(1);
        }

        Print("looks in a second of work", SwitchesOf("kqueue watch") - looks);
    }

    public static async Task LooksMin()
    {
        using var group = new EventLoopGroup(new() { LoopCount = 1 });
        await Task.Delay(500);
        var looks = SwitchesOf("kqueue watch");
        for (var i = 0; i < 20; i++)
        {
            group.Loops[0].Post(_ => { }, null);
            await Task.Delay(150);
        }

        Print("wakes of the watch for a lone request", (SwitchesOf("kqueue watch") - looks) / 20.0, "N1");
    }

    public static async Task DefaultStandbyTime()
    {
        using var group = new EventLoopGroup(new() { LoopCount = 1 });
        for (var i = 0; i < 8; i++)
        {
            group.Loops[0].Post(_ => Thread.Sleep(200), null);
        }

        await UntilAsync(() => group.StandbyThreadCount >= 4);
        var began = Stopwatch.GetTimestamp();
        await UntilAsync(() => group.StandbyThreadCount == 0);
        Print("s until the threads of a burst are gone", Stopwatch.GetElapsedTime(began).TotalSeconds, "N1");
    }

    public static async Task s_sleepCost()
    {
        await using var server = await ServeAsync(_ => { }, loops: 1);
        using var peer = await ConnectAsync(server);
        Converse(pause: () => TimeSpan.Zero);
        Converse(pause: () => TimeSpan.Zero);
        Print("sleeps of the loop in 100 requests of one peer", Converse(pause: () => TimeSpan.Zero).Sleeps, "N0");
        Print("µs of the loop's processor time for one, 0 to 400 µs after the last",
            Converse(pause: () => Random.Shared.NextDouble() * TimeSpan.FromMicroseconds(400)).CpuUs, "N1");

        (double Sleeps, double CpuUs) Converse(Func<TimeSpan> pause)
        {
            var (answer, requests, began) = (new byte[1024], 0, Stopwatch.GetTimestamp());
            var (sleeps, cpu) = (SwitchesOf("kqueue loop"), CpuNsOf("kqueue loop"));
            while (Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(2))
            {
                peer.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8);
                peer.Receive(answer);
                requests++;
                var (answered, rest) = (Stopwatch.GetTimestamp(), pause());
                while (Stopwatch.GetElapsedTime(answered) < rest)
                {
                }
            }

            return (100.0 * (SwitchesOf("kqueue loop") - sleeps) / requests,
                (CpuNsOf("kqueue loop") - cpu) / 1e3 / requests);
        }
    }

    public static async Task Retry()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("constants-").FullName, "s");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(0);
        using var factory = new KqueueConnectionFactory(new() { LoopCount = 1 });
        var late = new List<double>();
        await using var first = await factory.ConnectAsync(new UnixDomainSocketEndPoint(path));
        for (var i = 0; i < 80; i++)
        {
            var connecting = factory.ConnectAsync(new UnixDomainSocketEndPoint(path)).AsTask();

            // At any time of the longest delay.
            await Task.Delay(30 + (i * 7 % 40));
            var began = Stopwatch.GetTimestamp();
            using var accepted = await listener.AcceptAsync();
            await using var connection = await connecting;
            late.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        Print("ms until room in a full backlog is noticed", Median(late), "N1");
    }

    public static Task LastRequests() => PrintStopAsync("s of a stop with a connection that nobody reads", async () =>
    {
        await using var server = await ServeRawAsync(async connection =>
        {
            var asked = connection.Features.GetRequiredFeature<IConnectionLifetimeNotificationFeature>();
            await Task.Delay(Timeout.Infinite, asked.ConnectionClosedRequested)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });
        using var peer = await ConnectAsync(server);
        await Task.Delay(200);
        return await StopAsync(server);
    });

    public static async Task s_greetingTime()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("constants-").FullName, "s");
        using var silent = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        silent.Bind(new UnixDomainSocketEndPoint(path));
        silent.Listen();
        var began = Stopwatch.GetTimestamp();
        await using var server = await ServeAsync(_ => { }, handOverPath: path);
        Print("s of a start where something silent is at the path", Stopwatch.GetElapsedTime(began).TotalSeconds, "N2");
    }

    public static Task s_lastRequestTime() => PrintStopAsync("s of a stop with an idle connection", async () =>
    {
        await using var server = await ServeAsync(_ => { });
        using var peer = await ConnectAsync(server);
        await AskAsync(peer);
        return await StopAsync(server);
    });

    public static Task Quiet()
    {
        var type = typeof(KqueueTransportOptions).Assembly.GetType("KqueueTransport.Diagnostics.Episode")!;
        foreach (var seconds in new[] { 45, 90 })
        {
            var (episode, clock, warnings) = (Activator.CreateInstance(type)!, new Clock(), 0);
            for (; clock.Seconds < 3600; clock.Seconds += seconds)
            {
                warnings += (bool)type.GetMethod("Begins")!.Invoke(episode, [clock])! ? 1 : 0;
            }

            Print($"warnings in an hour of a shortage that comes each {seconds} s", warnings);
        }

        return Task.CompletedTask;
    }

    public static Task Patience() => ShortageAsync(limit: 400, peers: 500, untilReset: true);

    public static Task DescriptorShares() => ShortageAsync(limit: 1024, peers: 1_500, untilReset: false);

    public static Task HeadroomMax() => ShortageAsync(limit: 8192, peers: 9_000, untilReset: false);

    // The server of the workloads above, in a process with a limit of its own. Says where it listens, and how many
    // descriptors it has for itself.
    public static async Task Serve()
    {
        await using var server = await ServeAsync(_ => { });
        using (var warm = await ConnectAsync(server))
        {
            await AskAsync(warm);
        }

        Console.WriteLine($"{PortOf(server)} {new DirectoryInfo("/proc/self/fd").GetFiles().Length}");
        Console.In.ReadLine();
    }

    public static async Task BlocksMax() => await BlockAsync(untilBack: false);

    public static async Task s_absence() => await BlockAsync(untilBack: true);

    public static async Task QuickNeeded()
    {
        var (mustBlock, wasOnLoop) = (false, false);
        await using var server = await ServeAsync(_ =>
        {
            wasOnLoop = EventLoop.Current is not null;
            Thread.Sleep(mustBlock ? 30 : 0);
        });
        var counts = new List<double>();
        for (var i = 0; i < 9; i++)
        {
            using var peer = await ConnectAsync(server);
            for (var quick = 0; quick < 3; quick++)
            {
                await AskAsync(peer);
            }

            mustBlock = true;
            await AskAsync(peer);
            mustBlock = false;
            var count = 0;
            do
            {
                await AskAsync(peer);
                count++;
            }
            while (!wasOnLoop && count < 100);
            counts.Add(count - 1);
        }

        Print("quick requests off the loop after one that blocks", Median(counts));
    }

    public static Task PinnedBlocks_CountMax() => OutputAsync();

    // One connection reads more blocks than are kept before it consumes them, and again.
    public static async Task SpareSegments_CountMax()
    {
        const int Bytes = 10 * MiB;
        var read = new SemaphoreSlim(0);
        await using var server = await ServeRawAsync(async connection =>
        {
            var input = connection.Transport.Input;
            while (await input.ReadAtLeastAsync(Bytes) is { IsCompleted: false, Buffer: var buffer })
            {
                input.AdvanceTo(buffer.End);
                read.Release();
            }
        });
        using var peer = await ConnectAsync(server);
        var bytes = new byte[Bytes];
        var allocated = new List<double>();
        for (var burst = 0; burst < 9; burst++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            await peer.SendAsync(bytes);
            await read.WaitAsync();
            allocated.Add((GC.GetTotalAllocatedBytes(precise: true) - before) / 1024.0);
        }

        Print($"KiB allocated by a burst of {Bytes / 4096:N0} blocks", Median(allocated));
    }

    public static Task BlockBytesMax() => OutputAsync();

    public static async Task BlocksPerReceiveMax()
    {
        const int Count = 64;
        var done = new SemaphoreSlim(0);
        await using var server = await ServeRawAsync(async connection =>
        {
            var input = connection.Transport.Input;
            for (var read = await input.ReadAsync(); !read.IsCompleted; read = await input.ReadAsync())
            {
                input.AdvanceTo(read.Buffer.End);
            }

            done.Release();
        });
        using var peer = await ConnectAsync(server);
        var bytes = new byte[MiB];
        await peer.SendAsync(bytes);
        var calls = await CountAsync(async () =>
        {
            for (var i = 0; i < Count; i++)
            {
                await peer.SendAsync(bytes);
            }
        });
        Print("receives of 1 MiB", calls.GetValueOrDefault("readv") / (double)Count, "N1");
    }

    public static async Task s_batchMax()
    {
        var takes = TimeSpan.FromMicroseconds(60);
        using var group = new EventLoopGroup(new() { LoopCount = 1, HandOver = false });
        var tryDefer = typeof(EventLoop).GetMethod("TryDefer", BindingFlags.Static | BindingFlags.NonPublic)!
            .CreateDelegate<Func<IThreadPoolWorkItem, bool>>();
        var counts = new List<double>();
        for (var round = 0; round < 25; round++)
        {
            var (ran, before, done) = (0, 0, new TaskCompletionSource());
            group.Loops[0].Post(_ =>
            {
                for (var i = 0; i < 64; i++)
                {
                    group.Loops[0].Post(_ =>
                    {
                        ran++;
                        tryDefer(new Work(() => before = before == 0 ? ran : before));
                        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < takes;)
                        {
                        }
                    }, null);
                }

                group.Loops[0].Post(_ => done.SetResult(), null);
            }, null);
            await done.Task;
            counts.Add(before);
        }

        Print($"handlers of {takes.TotalMicroseconds} µs before the first one's send", Median(counts));
    }

    private static async Task BlockAsync(bool untilBack)
    {
        var (mustBlock, onLoop, last) = (true, 0, 0L);
        await using var server = await ServeAsync(_ =>
        {
            if (EventLoop.Current is not null)
            {
                Interlocked.Increment(ref onLoop);
            }

            if (mustBlock)
            {
                Thread.Sleep(20);
                last = Stopwatch.GetTimestamp();
            }
        }, loops: 1);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            for (var i = 0; i < 50; i++)
            {
                using var peer = await ConnectAsync(server);
                await AskAsync(peer);
            }
        }));
        if (!untilBack)
        {
            Print("handlers, of 200 that block, that hold the loop up", onLoop);
            return;
        }

        (mustBlock, onLoop) = (false, 0);
        while (onLoop == 0)
        {
            using var peer = await ConnectAsync(server);
            await AskAsync(peer);
            await Task.Delay(10);
        }

        Print("s until new connections are back on the loop", Stopwatch.GetElapsedTime(last).TotalSeconds, "N2");
    }

    private static async Task OutputAsync()
    {
        const int Count = 64;
        var (go, pieces) = (new SemaphoreSlim(0), 0);
        await using var server = await ServeRawAsync(async connection =>
        {
            var output = connection.Transport.Output;
            while (true)
            {
                await go.WaitAsync();
                for (var left = MiB; left > 0; pieces++)
                {
                    var length = Math.Min(output.GetMemory().Length, left);
                    output.Advance(length);
                    left -= length;
                }

                await output.FlushAsync();
            }
        });
        using var peer = await ConnectAsync(server);
        peer.ReceiveBufferSize = 4 * MiB;
        var bytes = new byte[MiB];
        var calls = await CountAsync(async () =>
        {
            for (var i = 0; i < Count; i++)
            {
                go.Release();
                for (var left = MiB; left > 0;)
                {
                    left -= await peer.ReceiveAsync(bytes.AsMemory(0, left));
                }
            }
        });
        Print("blocks of 1 MiB", pieces / (double)Count);
        Print("sends of it", calls.GetValueOrDefault("sendmsg") / (double)Count, "N1");
    }

    private static async Task ShortageAsync(int limit, int peers, bool untilReset)
    {
        var start = new ProcessStartInfo("prlimit", $"--nofile={limit} {Environment.ProcessPath} {nameof(Serve)}")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        using var server = Process.Start(start)!;
        var (port, own) = (await server.StandardOutput.ReadLineAsync())!.Split(' ') is [var first, var second]
            ? (int.Parse(first), int.Parse(second))
            : throw new InvalidOperationException("The server says nothing.");
        var sockets = new List<Socket>();
        var answers = 0;
        while (sockets.Count < peers)
        {
            using var patience = new CancellationTokenSource(500);
            try
            {
                sockets.Add(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
                await sockets[^1].ConnectAsync(IPAddress.Loopback, port, patience.Token);
                await AskAsync(sockets[^1], patience.Token);
                answers++;
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        if (!untilReset)
        {
            Print($"descriptors of {limit:N0} left free", limit - own - answers);
        }
        else
        {
            var began = Stopwatch.GetTimestamp();
            try
            {
                await sockets[^1].ReceiveAsync(new byte[1]);
            }
            catch (SocketException)
            {
            }

            Print(
                "s until one who gets no descriptor is reset",
                Stopwatch.GetElapsedTime(began).TotalSeconds + 0.5,
                "N1");
        }

        server.Kill();
        await server.WaitForExitAsync();
        sockets.ForEach(socket => socket.Dispose());
    }

    private static async Task<WebApplication> ServeAsync(
        Action<HttpContext> handle, int loops = 2, string? handOverPath = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKqueueTransport(
            options => (options.LoopCount, options.HandOverPath) = (loops, handOverPath));
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.Run(context =>
        {
            handle(context);
            context.Response.ContentLength = 2;
            return context.Response.Body.WriteAsync("ok"u8.ToArray()).AsTask();
        });
        await app.StartAsync();
        return app;
    }

    private static async Task<WebApplication> ServeRawAsync(Func<ConnectionContext, Task> handle)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKqueueTransport(options => options.LoopCount = 1);
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Run(connection => handle(connection))));
        var app = builder.Build();
        await app.StartAsync();
        return app;
    }

    private static int PortOf(WebApplication server) => new Uri(server.Urls.First()).Port;

    private static async Task PrintStopAsync(string what, Func<Task<double>> stopAsync)
    {
        var times = new List<double>();
        while (times.Count < 9)
        {
            times.Add(await stopAsync());
        }

        Print(what, Median(times), "N2");
    }

    private static async Task<double> StopAsync(WebApplication server)
    {
        var began = Stopwatch.GetTimestamp();
        await server.StopAsync();
        return Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static async Task<Socket> ConnectAsync(WebApplication server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, PortOf(server));
        return socket;
    }

    private static async Task AskAsync(Socket socket, CancellationToken token = default)
    {
        await socket.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray(), token);
        await socket.ReceiveAsync(new byte[1024], token);
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        while (!holds())
        {
            await Task.Delay(10);
        }
    }

    // The system calls of this process while something runs.
    private static async Task<Dictionary<string, int>> CountAsync(Func<Task> run)
    {
        var file = Path.GetTempFileName();
        using var trace = Process.Start(
            "strace", $"-qq -f -c -U name,calls -e trace=sendmsg,readv -o {file} -p {Environment.ProcessId}");
        await Task.Delay(1_000);
        await run();
        Process.Start("kill", $"-INT {trace.Id}").WaitForExit();
        await trace.WaitForExitAsync();
        var calls = File.ReadLines(file).Select(line => Regex.Match(line, @"^(\w+)\s+(\d+)$"))
            .Where(match => match.Success)
            .ToDictionary(match => match.Groups[1].Value, match => int.Parse(match.Groups[2].Value));
        File.Delete(file);
        return calls;
    }

    // How often threads of a name have given their core up.
    private static long SwitchesOf(string thread) => Directory.GetDirectories("/proc/self/task")
        .Where(task => File.ReadAllText($"{task}/comm").TrimEnd() == thread)
        .Sum(task => long.Parse(File.ReadLines($"{task}/status")
            .First(line => line.StartsWith("voluntary_ctxt_switches", StringComparison.Ordinal)).Split('\t')[1]));

    private static long CpuNsOf(string thread) => Directory.GetDirectories("/proc/self/task")
        .Where(task => File.ReadAllText($"{task}/comm").TrimEnd() == thread)
        .Sum(task => long.Parse(File.ReadAllText($"{task}/schedstat").Split(' ')[0]));

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static void Print(string what, double value, string format = "N0") =>
        Console.WriteLine($"{what}\t{value.ToString(format)}");

    private sealed class Work(Action run) : IThreadPoolWorkItem
    {
        public void Execute() => run();
    }

    private sealed class Clock : TimeProvider
    {
        public int Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => 1 + Seconds;
    }
}
