using System.Globalization;

namespace Common.Processes;

/// <summary>What Linux shows of a process.</summary>
internal sealed class ProcessFacts
{
    // st of /proc/net/tcp (net/tcp_states.h).
    private const string Established = "01";
    private const string Listening = "0A";

    private readonly string _folder;

    private ProcessFacts(string folder) => _folder = folder;

    public int Descriptors => Directory.GetFileSystemEntries($"{_folder}/fd").Length;

    /// <summary>Sockets only: the runtime opens a file or a pipe whenever it likes.</summary>
    public int SocketCount => Inodes().Count;

    public int Threads => (int)Status("Threads:");

    public long ResidentKiB => Status("VmRSS:");

    /// <summary>The TCP ports that the process listens on, by its own descriptors.</summary>
    public IReadOnlyList<int> ListeningPorts => PortsOf(Listening);

    public static ProcessFacts Of(int processId) => new($"/proc/{processId}");

    /// <summary>How many connections the process has on a port of its own.</summary>
    public int Connections(int port) => PortsOf(Established).Count(used => used == port);

    private List<int> PortsOf(string state)
    {
        var inodes = Inodes();
        return [.. Sockets().Where(line => line.State == state && inodes.Contains(line.Inode))
            .Select(line => line.Port)];
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

    // The columns of /proc/net/tcp: sl, local_address, rem_address, st, queues, tr, retrnsmt, uid, timeout, inode.
    private IEnumerable<(int Port, string State, string Inode)> Sockets()
    {
        foreach (var file in new[] { "net/tcp", "net/tcp6" })
        {
            foreach (var line in File.ReadLines($"{_folder}/{file}").Skip(1))
            {
                var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                var port = int.Parse(
                    fields[1].AsSpan(fields[1].IndexOf(':', StringComparison.Ordinal) + 1),
                    NumberStyles.HexNumber,
                    CultureInfo.InvariantCulture);
                yield return (port, fields[3], fields[9]);
            }
        }
    }

    private long Status(string name)
    {
        var line = File.ReadLines($"{_folder}/status").First(
            line => line.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], provider: null);
    }
}
