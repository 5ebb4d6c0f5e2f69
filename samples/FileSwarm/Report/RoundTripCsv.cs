using System.Globalization;
using FileSwarm.Client;

namespace FileSwarm.Report;

/// <summary>Round trips as a table, in the order of the answers.</summary>
internal static class RoundTripCsv
{
    public static void Write(string path, IEnumerable<RoundTrip> roundTrips)
    {
        using var writer = new StreamWriter(path) { NewLine = "\n" };
        writer.WriteLine("client,chunk,bytes,attempts,answered_ms,round_trip_ms");
        foreach (var trip in roundTrips)
        {
            writer.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{trip.Client},{trip.Chunk},{trip.Bytes},{trip.Attempts}," +
                $"{trip.AnsweredAt.TotalMilliseconds:F3},{trip.Time.TotalMilliseconds:F3}"));
        }
    }
}
