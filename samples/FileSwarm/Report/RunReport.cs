using FileSwarm.Client;
using FileSwarm.Server;

namespace FileSwarm.Report;

/// <summary>What a run prints at its end.</summary>
internal static class RunReport
{
    /// <summary>Prints how the clients fared.</summary>
    /// <exception cref="SwarmException">A copy is missing.</exception>
    public static void Print(ClientGroup clients, TimeSpan time, Files files)
    {
        var rate = clients.StoredBytes / 1e6 / time.TotalSeconds;
        var right = clients.Options.Count - clients.Failures.Count;
        var summary = RoundTripSummary.Of(clients.RoundTrips);
        Console.WriteLine($"copies       {right} of {clients.Options.Count} right by SHA-256");
        Console.WriteLine($"time         {time.TotalSeconds:N1} s, {rate:N1} MB/s to all clients");
        Console.WriteLine($"requests     {summary.Count:N0}, {summary.AskedAgain:N0} of them asked more than once");
        Console.WriteLine($"round trips  {summary}");
        PrintLoss(clients.Loss.Dropped, "clients");
        Write(clients, summary, files);
        if (clients.Failures.Count > 0)
        {
            throw new SwarmException(
                $"{clients.Failures.Count} of {clients.Options.Count} clients have no copy; " +
                $"the first: {clients.Failures[0]}");
        }
    }

    /// <summary>Prints where the server's chunks came from.</summary>
    /// <exception cref="SwarmException">A client has left without its copy.</exception>
    public static void Print(ServerHost server)
    {
        Console.WriteLine($"server       {server.Counters}");
        PrintLoss(server.Loss.Dropped, "the server");
        if (server.DoneCount < server.Info.ClientCount)
        {
            throw new SwarmException($"{server.DoneCount} of {server.Info.ClientCount} clients have the whole file.");
        }
    }

    private static void PrintLoss(long dropped, string by)
    {
        if (dropped > 0)
        {
            Console.WriteLine($"loss         {dropped:N0} datagrams dropped on purpose by {by}");
        }
    }

    private static void Write(ClientGroup clients, RoundTripSummary summary, Files files)
    {
        if (files.Csv is { } csv)
        {
            RoundTripCsv.Write(csv, clients.RoundTrips);
        }

        if (files.Plot is { } plot)
        {
            RoundTripPlot.Write(plot, $"round trips of {clients.Options.Count} clients: {summary}", clients.RoundTrips);
        }
    }

    /// <summary>Where to write what does not fit on a screen; null is nowhere.</summary>
    public sealed record Files(string? Csv, string? Plot);
}
