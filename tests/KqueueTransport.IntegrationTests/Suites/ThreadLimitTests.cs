using System.Runtime.InteropServices;
using KqueueTransport.IntegrationTests.Processes;

namespace KqueueTransport.IntegrationTests.Suites;

/// <summary>
/// Event loops that get no further threads, as at the limit of a container's <c>pids</c>: samples/WebApp, where strace
/// refuses what the threads of the loops ask for, and then lets go. Not the whole process: the runtime's thread pool
/// does not survive that, on any transport.
/// </summary>
public abstract class ThreadLimitTests(TestTransport transport) : TransportSuite(transport)
{
    private const int Clients = 40;

    private const string Warning = "The system refuses threads";

    [Fact]
    public async Task Threads_RefusedToTheLoops_EverybodyIsServedAndLoopsAreTakenOnceThereAreSome()
    {
        var app = Own(await WebAppProcess.StartAsync(
            Transport.WebAppOptions.SelectMany(option => new[] { $"--{option.Key}", option.Value }).Append("--port=0"),
            Deadline,
            Transport.Environment));
        await AskAsync(app, "/block");
        var warning = app.ReadLinesToAsync(Warning, Deadline);

        var threads = await WithoutThreadsAsync(app, async () =>
        {
            for (var round = 0; round < 2 || !warning.IsCompleted; round++)
            {
                await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => AskAsync(app, "/block?ms=20")));
                await AskAsync(app, "/plaintext");
            }

            return ThreadsOfTheLoops(app).Length;
        });

        await Until.TrueAsync(
            async () =>
            {
                await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => AskAsync(app, "/block?ms=50")));
                return ThreadsOfTheLoops(app).Length > threads;
            },
            Deadline);
        app.Signal(PosixSignal.SIGTERM);
        var end = await app.WaitForEndAsync(Deadline);
        Assert.Equal(0, end.ExitCode);
        var output = await warning + end.Output;
        Assert.Equal(2, output.Split(Warning).Length);
        Assert.False(output.Contains("fail:", StringComparison.Ordinal), output);
    }

    private async Task<int> WithoutThreadsAsync(WebAppProcess app, Func<Task<int>> body)
    {
        var strace = Tool.Require("strace", "strace");
        var refusing = new List<RunningProgram>();

        // A loop may get one more before all are refused.
        while (ThreadsOfTheLoops(app).Where(task => !IsTraced(task)).ToArray() is { Length: > 0 } tasks)
        {
            refusing.Add(Own(RunningProgram.Start(
                strace.Path,
                [
                    "-qq", "-o", "/dev/null", "-e", "trace=clone,clone3", "-e", "inject=clone,clone3:error=EAGAIN",
                    .. tasks.SelectMany(task => new[] { "-p", Path.GetFileName(task) }),
                ])));
            await Until.TrueAsync(() => tasks.All(IsTraced), Deadline);
        }

        var result = await body();
        refusing.ForEach(program => program.Signal(PosixSignal.SIGINT));
        await Task.WhenAll(refusing.Select(program => program.WaitForEndAsync(Deadline)));
        return result;
    }

    private static string[] ThreadsOfTheLoops(WebAppProcess app) =>
    [
        .. Directory.GetDirectories($"/proc/{app.Id}/task")
            .Where(task => Read($"{task}/comm").StartsWith("kqueue", StringComparison.Ordinal)),
    ];

    // One that has ended is not asked any more.
    private static bool IsTraced(string task) =>
        !Read($"{task}/status").Contains("TracerPid:\t0\n", StringComparison.Ordinal);

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (IOException)
        {
            return ""; // The thread has ended: ENOENT at the open, ESRCH at the read.
        }
    }

    private async Task AskAsync(WebAppProcess app, string path)
    {
        using var connection = await ConnectAsync(app.Http);
        await connection.SendAsync($"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200", await connection.ReceiveToEndAsync(), StringComparison.Ordinal);
    }
}
