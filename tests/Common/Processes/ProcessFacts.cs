using System.Globalization;
using System.Net;

namespace Common.Processes;

/// <summary>What Linux shows of a process.</summary>
internal sealed class ProcessFacts
{
    // st of /proc/net/tcp (net/tcp_states.h).
    private const string Established = "01";
    private const string Listening = "0A";

    // __SO_ACCEPTCON among the flags of /proc/net/unix (net/unix/af_unix.c).
    private const string UnixListening = "00010000";

    private readonly string _folder;

    private ProcessFacts(string folder) => _folder = folder;

    public int Descriptors => Directory.GetFileSystemEntries($"{_folder}/fd").Length;

    /// <summary>Sockets only: the runtime opens a file or a pipe whenever it likes.</summary>
    public int SocketCount => Inodes().Count;

    public int Threads => (int)Status("Threads:");

    public long ResidentKiB => Status("VmRSS:");

    /// <summary>
    /// Where the process can be reached from outside, by its own descriptors: <c>tcp 127.0.0.1:5000</c>,
    /// <c>udp 0.0.0.0:53</c>, <c>unix /run/app.sock</c>.
    /// </summary>
    public IReadOnlyList<string> Reachable
    {
        get
        {
            var inodes = Inodes();
            return
            [
                .. Sockets("tcp").Where(socket => socket.State == Listening && inodes.Contains(socket.Inode))
                    .Select(socket => $"tcp {socket.Local}"),
                .. Sockets("udp").Where(socket => inodes.Contains(socket.Inode))
                    .Select(socket => $"udp {socket.Local}"),
                .. UnixListeners(inodes).Select(path => $"unix {path}"),
            ];
        }
    }

    public static ProcessFacts Of(int processId) => new($"/proc/{processId}");

    /// <summary>How many connections the process has on a port of its own.</summary>
    public int Connections(int port)
    {
        var inodes = Inodes();
        return Sockets("tcp").Count(
            socket => socket.State == Established && socket.Local.Port == port && inodes.Contains(socket.Inode));
    }

    private HashSet<string> Inodes()
    {
        var inodes = new HashSet<string>();
        foreach (var entry in Directory.GetFileSystemEntries($"{_folder}/fd"))
        {
            // socket:[1234]; null where it was closed meanwhile.
            var target = new FileInfo(entry).LinkTarget;
            if (target is not null && target.StartsWith("socket:[", StringComparison.Ordinal))
            {
                inodes.Add(target["socket:[".Length..^1]);
            }
        }

        return inodes;
    }

    // The columns of /proc/net/tcp and udp: sl, local_address, rem_address, st, queues, tr, retrnsmt, uid, timeout,
    // inode.
    private IEnumerable<(IPEndPoint Local, string State, string Inode)> Sockets(string protocol) =>
        Table(protocol).Concat(Table($"{protocol}6")).Select(fields => (EndPointOf(fields[1]), fields[3], fields[9]));

    // The columns of /proc/net/unix: num, count, protocol, flags, type, st, inode, path, which may be missing.
    private IEnumerable<string> UnixListeners(HashSet<string> inodes) =>
        Table("unix").Where(fields => fields[3] == UnixListening && inodes.Contains(fields[6]))
            .Select(fields => fields.ElementAtOrDefault(7) ?? "");

    private IEnumerable<string[]> Table(string name) => File.ReadLines($"{_folder}/net/{name}").Skip(1)
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    // 0100007F:1F90 is 127.0.0.1:8080: words of four bytes in the machine's order, and the port as it is written.
    private static IPEndPoint EndPointOf(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var address = Convert.FromHexString(text.AsSpan(0, colon));
        for (var word = 0; BitConverter.IsLittleEndian && word < address.Length; word += sizeof(int))
        {
            address.AsSpan(word, sizeof(int)).Reverse();
        }

        return new IPEndPoint(
            new IPAddress(address),
            int.Parse(text.AsSpan(colon + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
    }

    private long Status(string name)
    {
        var line = File.ReadLines($"{_folder}/status").First(
            line => line.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], provider: null);
    }
}
