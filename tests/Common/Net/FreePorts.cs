using System.Net;
using System.Net.Sockets;

namespace Common.Net;

/// <summary>Ports for programs that cannot be asked which one they took, and that come back to the same.</summary>
internal static class FreePorts
{
    // From here on, and below the range that the kernel gives out by itself (net.ipv4.ip_local_port_range).
    private const int PortMin = 20_000;
    private const int Shares = 24;
    private const int SharePorts = 500;

    // Programs that run side by side take from shares of their own: a port may be free because its owner restarts.
    private static readonly (int Number, FileStream Lock) s_share = TakeShare();

    // What this process has been given and may not have bound yet.
    private static readonly HashSet<int> s_taken = [];

    /// <summary>The first of several neighbours that nobody listens on.</summary>
    public static int Take(int count)
    {
        while (true)
        {
            var first = PortMin + (s_share.Number * SharePorts) + Random.Shared.Next(SharePorts - count + 1);
            var ports = Enumerable.Range(first, count).ToArray();
            lock (s_taken)
            {
                if (!ports.Any(s_taken.Contains) && ports.All(IsFree))
                {
                    s_taken.UnionWith(ports);
                    return first;
                }
            }
        }
    }

    // The lock ends with the process.
    private static (int Number, FileStream Lock) TakeShare()
    {
        for (var number = 0; number < Shares; number++)
        {
            try
            {
                var path = Path.Combine(Path.GetTempPath(), $"kqueue-transport-ports-{number}");
                return (number, new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // It is another program's.
            }
        }

        throw new InvalidOperationException($"{Shares} programs take ports already.");
    }

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
