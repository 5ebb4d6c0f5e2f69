using System.Globalization;

namespace Kqueue.Tests.Epoll;

/// <summary>What the kernel has registered with the epoll instance of a queue: proc(5), /proc/pid/fdinfo.</summary>
internal sealed class EpollRegistrations
{
    private const string Descriptors = "/proc/self/fd";

    private readonly string _path;

    private EpollRegistrations(string path) => _path = path;

    /// <summary>Makes a queue and finds its epoll descriptor.</summary>
    public static EpollRegistrations Watch<T>(Func<T> create, out T created)
    {
        var before = EpollDescriptors();
        created = create();
        return new EpollRegistrations("/proc/self/fdinfo/" + Assert.Single(EpollDescriptors().Except(before)));
    }

    /// <summary>The events and the data of a descriptor's registration, or null.</summary>
    public (uint Events, ulong Data)? Of(nint descriptor)
    {
        foreach (var line in File.ReadLines(_path))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words is ["tfd:", var number, "events:", var events, "data:", var data, ..] &&
                number == descriptor.ToString(CultureInfo.InvariantCulture))
            {
                return ((uint)Parse(events), Parse(data));
            }
        }

        return null;
    }

    private static ulong Parse(string hex) => ulong.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static HashSet<string> EpollDescriptors() =>
    [
        .. Directory.GetFiles(Descriptors)
            .Where(path => new FileInfo(path).LinkTarget is "anon_inode:[eventpoll]")
            .Select(path => Path.GetFileName(path)),
    ];
}
