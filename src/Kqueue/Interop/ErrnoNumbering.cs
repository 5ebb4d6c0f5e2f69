using static Kqueue.Errno;

namespace Kqueue.Interop;

/// <summary>The error numbers of one system, and what they are under their names.</summary>
/// <remarks>
/// The BSDs and macOS share the numbers from 4.4BSD, 1 to 66 and a few behind them; the others each chose alone.
/// Sources: sys/errno.h of XNU, FreeBSD 13 and NetBSD 10.
/// </remarks>
internal sealed class ErrnoNumbering
{
    // A number without a name here keeps its value behind this offset, so that a message still shows it.
    private const int UnnamedBase = 1000;

    private static readonly Errno[] s_berkeley =
    [
        EAGAIN, EINPROGRESS, EALREADY, ENOTSOCK, EDESTADDRREQ, EMSGSIZE, EPROTOTYPE, ENOPROTOOPT, EPROTONOSUPPORT,
        ESOCKTNOSUPPORT, EOPNOTSUPP, EPFNOSUPPORT, EAFNOSUPPORT, EADDRINUSE, EADDRNOTAVAIL, ENETDOWN, ENETUNREACH,
        ENETRESET, ECONNABORTED, ECONNRESET, ENOBUFS, EISCONN, ENOTCONN, ESHUTDOWN, ETOOMANYREFS, ETIMEDOUT,
        ECONNREFUSED, ELOOP, ENAMETOOLONG, EHOSTDOWN, EHOSTUNREACH, ENOTEMPTY,
    ];

    private readonly Errno[]? _names;

    private ErrnoNumbering(Errno[]? names) => _names = names;

    /// <summary>Linux's numbers, which are those of <see cref="Errno"/>.</summary>
    public static ErrnoNumbering Linux { get; } = new(null);

    /// <summary>The numbers of macOS.</summary>
    public static ErrnoNumbering Darwin { get; } = Berkeley(
        (89, ECANCELED), (92, EILSEQ), (94, EBADMSG), (100, EPROTO), (102, EOPNOTSUPP), (104, ENOTRECOVERABLE),
        (105, EOWNERDEAD), (107, ENOTCAPABLE));

    /// <summary>The numbers of FreeBSD.</summary>
    public static ErrnoNumbering FreeBsd { get; } = Berkeley(
        (85, ECANCELED), (86, EILSEQ), (89, EBADMSG), (92, EPROTO), (93, ENOTCAPABLE), (95, ENOTRECOVERABLE),
        (96, EOWNERDEAD));

    /// <summary>The numbers of NetBSD.</summary>
    public static ErrnoNumbering NetBsd { get; } = Berkeley(
        (85, EILSEQ), (86, EOPNOTSUPP), (87, ECANCELED), (88, EBADMSG), (96, EPROTO), (97, EOWNERDEAD),
        (98, ENOTRECOVERABLE));

    /// <summary>The name of a system's number.</summary>
    /// <param name="number">What the system says.</param>
    /// <returns>The name; for a number without one, a value above 1000 that ends in the number.</returns>
    public Errno ToErrno(long number)
    {
        if (_names is null)
        {
            return (Errno)number;
        }

        return (ulong)number < (ulong)_names.Length ? _names[number] : (Errno)(UnnamedBase + number);
    }

    private static ErrnoNumbering Berkeley(params ReadOnlySpan<(int Number, Errno Name)> own)
    {
        const int Highest = 107;
        const int BerkeleyFirst = 35;
        var names = new Errno[Highest + 1];
        for (var number = 1; number < names.Length; number++)
        {
            names[number] = (Errno)(number < BerkeleyFirst ? number : UnnamedBase + number);
        }

        s_berkeley.CopyTo(names, BerkeleyFirst);
        ReadOnlySpan<(int, Errno)> shared = [(11, EDEADLK), (68, EUSERS), (77, ENOLCK), (78, ENOSYS), (84, EOVERFLOW)];
        foreach (var (number, name) in shared)
        {
            names[number] = name;
        }

        foreach (var (number, name) in own)
        {
            names[number] = name;
        }

        return new ErrnoNumbering(names);
    }
}
