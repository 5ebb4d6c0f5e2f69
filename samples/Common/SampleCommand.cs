using System.CommandLine;
using System.Net.Sockets;

namespace Samples.Common;

/// <summary>
/// Runs a sample's command line. What is wrong with it, or with the start, is one line on standard error and exit
/// code 1.
/// </summary>
public static class SampleCommand
{
    /// <summary>Parses the arguments and runs the sample on the calling thread.</summary>
    public static int Run(this RootCommand command, string[] args, Action<ParseResult> run) =>
        command.RunAsync(args, result =>
        {
            run(result);
            return Task.CompletedTask;
        }).GetAwaiter().GetResult();

    /// <summary>Parses the arguments and runs the sample, whichever of its commands it is.</summary>
    /// <param name="command">The command line.</param>
    /// <param name="args">The arguments.</param>
    /// <param name="run">The sample.</param>
    /// <param name="explain">The line for an error of the sample's own kind; null where it is none.</param>
    public static async Task<int> RunAsync(
        this RootCommand command, string[] args, Func<ParseResult, Task> run, Func<Exception, string?>? explain = null)
    {
        var parsed = command.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            return Fail(command, parsed.Errors[0].Message);
        }

        parsed.CommandResult.Command.SetAction((result, _) => RunAsync(command, result, run, explain));

        // The sample stops by itself; the command line library would end it after two seconds.
        return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
    }

    private static async Task<int> RunAsync(
        RootCommand command, ParseResult result, Func<ParseResult, Task> run, Func<Exception, string?>? explain)
    {
        try
        {
            await run(result);
            return 0;
        }
        catch (Exception e) when (explain?.Invoke(e) is not null)
        {
            return Fail(command, explain(e)!);
        }
        catch (Exception e) when (IsExpected(e))
        {
            return Fail(command, e.Message);
        }
    }

    // A port in use, a file that is missing, a system without a kernel event queue.
    private static bool IsExpected(Exception e) =>
        e is IOException or SocketException or UnauthorizedAccessException or NotSupportedException;

    private static int Fail(RootCommand command, string message)
    {
        Console.Error.WriteLine($"{command.Name}: {message}");
        return 1;
    }
}
