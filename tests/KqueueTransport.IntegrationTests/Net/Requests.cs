using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace KqueueTransport.IntegrationTests.Net;

/// <summary>
/// One connection that asks the same again and again, on a thread of its own: what is timed does not wait for a thread
/// pool that the test keeps busy.
/// </summary>
internal static class Requests
{
    /// <summary>What every answer has to end with, and have nowhere else.</summary>
    public const string AnswerEnd = "$";

    // A server that does not answer at all fails the test in this time.
    private const int PatienceMs = 30_000;

    /// <summary>Sends a batch of requests, waits for all their answers, and so on.</summary>
    /// <param name="endPoint">Where to.</param>
    /// <param name="path">What to ask for.</param>
    /// <param name="goesOn">Told how many batches were answered; false ends it.</param>
    /// <param name="pipelined">How many requests are a batch.</param>
    /// <param name="answerEnd">What every answer ends with, and has nowhere else.</param>
    /// <returns>How long each batch took.</returns>
    public static Task<List<TimeSpan>> RepeatAsync(
        EndPoint endPoint, string path, Func<int, bool> goesOn, int pipelined = 1, char? answerEnd = null) =>
        OwnThread.RunAsync(() => Repeat(endPoint, path, goesOn, pipelined, (byte)(answerEnd ?? AnswerEnd[0])));

    /// <summary>The time that so many of a hundred were not above.</summary>
    public static TimeSpan Percentile(this List<TimeSpan> times, int percent) =>
        times.Order().ElementAt(Math.Min(times.Count * percent / 100, times.Count - 1));

    private static List<TimeSpan> Repeat(
        EndPoint endPoint, string path, Func<int, bool> goesOn, int pipelined, byte answerEnd)
    {
        using var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        (socket.NoDelay, socket.ReceiveTimeout) = (true, PatienceMs);
        socket.Connect(endPoint);
        var request = string.Concat(Enumerable.Repeat($"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n", pipelined));
        var bytes = Encoding.ASCII.GetBytes(request);
        var buffer = new byte[16 * 1024];
        var times = new List<TimeSpan>();
        while (goesOn(times.Count))
        {
            var started = Stopwatch.GetTimestamp();
            socket.Send(bytes);
            for (var answers = 0; answers < pipelined;)
            {
                var received = socket.Receive(buffer);
                Assert.True(
                    received > 0,
                    $"The server ended the connection {Stopwatch.GetElapsedTime(started)} after a batch, " +
                    $"and had answered {times.Count} batches and {answers} requests.");
                answers += buffer.AsSpan(0, received).Count(answerEnd);
            }

            times.Add(Stopwatch.GetElapsedTime(started));
        }

        return times;
    }
}
