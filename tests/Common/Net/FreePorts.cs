using System.Net;
using System.Net.Sockets;

namespace Common.Net;

/// <summary>Ports for programs that cannot be asked which one they took, and that come back to the same.</summary>
internal static class FreePorts
{
    // What this process has been given and may not have bound yet.
    private static readonly HashSet<int> s_taken = [];

    /// <summary>The first of several neighbours that nobody listens on.</summary>
    public static int Take(int count)
    {
        while (true)
        {
            // Below the range that the kernel gives out by itself (net.ipv4.ip_local_port_range).
            var first = Random.Shared.Next(20_000, 32_000);
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
