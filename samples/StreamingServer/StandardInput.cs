using Kqueue;
using Kqueue.EventLoops;

namespace StreamingServer;

/// <summary>Reads lines from standard input on the loop: a terminal, a pipe or a file. Loop thread only.</summary>
internal sealed class StandardInput : IEventHandler, IDisposable
{
    private const nint Descriptor = 0;

    private readonly EventLoop _loop;
    private readonly Action<string> _onLine;

    // Unbuffered: a read of it is one read(2).
    private readonly Stream _input = Console.OpenStandardInput();

    private readonly Registration _registration;
    private readonly MessageBuffer _received = new();
    private bool _hasEnded;

    public StandardInput(EventLoop loop, Action<string> onLine)
    {
        _loop = loop;
        _onLine = onLine;
        _registration = loop.Register(Descriptor, this);
    }

    /// <summary>
    /// Level-triggered, with one read per event: such a read does not block, so that the descriptor, which belongs to
    /// the shell too, need not be made non-blocking.
    /// </summary>
    public void Start()
    {
        // epoll_ctl(2) refuses files, and /dev/null, with EPERM: they are always readable.
        if (_registration.Arm(KEventFilter.Read, KEventFlags.None).Error == Errno.EPERM)
        {
            _loop.Post(_ => ReadFile(), null);
        }
    }

    public void OnEvent(in KEvent kevent)
    {
        Read();
        if (_hasEnded)
        {
            _registration.Disarm(KEventFilter.Read);
        }
    }

    public void Dispose() => _registration.Dispose();

    private void ReadFile()
    {
        Read();
        if (!_hasEnded)
        {
            _loop.Post(_ => ReadFile(), null);
        }
    }

    private void Read()
    {
        var count = ReadSome();
        _received.Add(count);
        while (_received.TryTake(out var line))
        {
            _onLine(line);
        }

        _hasEnded = count == 0;
        if (_hasEnded && _received.TakeRest() is { Length: > 0 } rest)
        {
            _onLine(rest);
        }
    }

    // A terminal that has gone away reads as EIO: that is an end too.
    private int ReadSome()
    {
        try
        {
            return _input.Read(_received.Free);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
