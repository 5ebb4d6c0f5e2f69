using System.Runtime.InteropServices;
using Kqueue.Interop;
using Kqueue.Native;
using Kqueue.Tests.Abi;

namespace Kqueue.Tests.Native;

/// <summary>
/// A kernel whose every answer a test writes down, and which remembers what it was asked. It lives on the test's
/// thread: the function behind a pointer has no other way to find it.
/// </summary>
internal sealed unsafe class ScriptedKernel
{
    private const int CreatedQueue = 0;

    [ThreadStatic]
    private static ScriptedKernel? t_current;

    private readonly PlayedLayout _layout;
    private readonly Queue<Func<ScriptedCall, ScriptedAnswer>> _answers = new();

    private readonly bool _isLibkqueue;

    private ScriptedKernel(string layout)
    {
        _layout = new PlayedLayout(SystemAbi.OfLayout(layout));
        _isLibkqueue = layout == "libkqueue";
    }

    public SystemAbi Abi => _layout.Abi;

    public List<ScriptedCall> Calls { get; } = [];

    /// <summary>What kqueue1 was called with; null when kqueue was called.</summary>
    public int? CreateFlags { get; private set; }

    /// <summary>The errno with which kqueue fails; 0 when it succeeds.</summary>
    public int CreateErrno { get; set; }

    public List<int> Closed { get; } = [];

    /// <summary>A kernel of the layout with an empty script.</summary>
    public static ScriptedKernel Of(string layout) => new(layout);

    /// <summary>A queue over a kernel that has answered the self-check as it should.</summary>
    public static KernelQueue CreateQueue(string layout, out ScriptedKernel kernel)
    {
        kernel = Of(layout);
        kernel.AnswerSelfCheck();
        var queue = kernel.CreateQueue(layout);
        kernel.Calls.Clear();
        return queue;
    }

    /// <summary>A queue that takes the kernel for one of <paramref name="layout"/>.</summary>
    public KernelQueue CreateQueue(string layout)
    {
        t_current = this;
        return new NativeKernelQueue(KqueueAbi.Of(layout), CallsOf(layout));
    }

    public void Answer(params PlayedEntry[] events) => _answers.Enqueue(_ => new ScriptedAnswer(events));

    public void Answer(Func<ScriptedCall, PlayedEntry> entry) =>
        _answers.Enqueue(call => new ScriptedAnswer([entry(call)]));

    /// <summary>Answers the first change with an EV_ERROR entry, as FreeBSD does.</summary>
    public void Refuse(string errno) => Answer(call => call.Changes[0] with
    {
        Flags = (uint)Abi["EV_ERROR"],
        Data = NumberOf(errno),
    });

    public void Fail(string errno) => _answers.Enqueue(_ => new ScriptedAnswer([], NumberOf(errno)));

    /// <summary>
    /// EV_ERROR/EBADF for the bad descriptor, from libkqueue the event of a USER knote; success for adding and deleting
    /// one.
    /// </summary>
    public void AnswerSelfCheck()
    {
        if (_isLibkqueue)
        {
            Answer();
            Answer(call => call.Changes[0] with { Flags = (uint)Abi["EV_ONESHOT"], Notes = 0 });
        }
        else
        {
            Refuse("EBADF");
        }

        Answer();
        Answer();
    }

    // libkqueue has the running system's numbers, and abi.json none of its own.
    public int NumberOf(string errno) => Abi.Find(errno) ?? SystemAbi.Of("linux-amd64")[errno];

    private static KqueueCalls CallsOf(string layout) => new()
    {
        Kqueue = (nint)(delegate* unmanaged<int>)&Kqueue,
        Kqueue1 = (nint)(delegate* unmanaged<int, int>)&Kqueue1,
        Kevent = layout == "netbsd"
            ? (nint)(delegate* unmanaged<int, byte*, nuint, byte*, nuint, TimeSpec*, int>)&KeventWide
            : (nint)(delegate* unmanaged<int, byte*, int, byte*, int, TimeSpec*, int>)&Kevent,
        Close = (nint)(delegate* unmanaged<int, int>)&Close,
    };

    [UnmanagedCallersOnly]
    private static int Kqueue() => t_current!.Create();

    [UnmanagedCallersOnly]
    private static int Kqueue1(int flags)
    {
        t_current!.CreateFlags = flags;
        return t_current.Create();
    }

    [UnmanagedCallersOnly]
    private static int Close(int queue)
    {
        // The finalizer of a queue that a test gave up may close it on another thread.
        t_current?.Closed.Add(queue);
        return 0;
    }

    [UnmanagedCallersOnly]
    private static int Kevent(
        int queue, byte* changes, int changeCount, byte* events, int eventCount, TimeSpec* timeout) =>
        t_current!.Exchange(changes, changeCount, events, eventCount, timeout);

    [UnmanagedCallersOnly]
    private static int KeventWide(
        int queue, byte* changes, nuint changeCount, byte* events, nuint eventCount, TimeSpec* timeout) =>
        t_current!.Exchange(changes, checked((int)changeCount), events, checked((int)eventCount), timeout);

    private int Create()
    {
        Marshal.SetLastSystemError(CreateErrno);
        return CreateErrno == 0 ? CreatedQueue : -1;
    }

    private int Exchange(byte* changes, int changeCount, byte* events, int eventCount, TimeSpec* timeout)
    {
        var list = new PlayedEntry[changeCount];
        for (var i = 0; i < list.Length; i++)
        {
            list[i] = _layout.Read(changes, i);
        }

        (long, long)? limit = timeout is null ? null : (timeout->Seconds, timeout->Nanoseconds);
        var call = new ScriptedCall(list, eventCount, limit);
        Calls.Add(call);
        var answer = _answers.TryDequeue(out var next) ? next(call) : new ScriptedAnswer([]);
        for (var i = 0; i < answer.Events.Length; i++)
        {
            _layout.Write(events, i, answer.Events[i]);
        }

        Marshal.SetLastSystemError(answer.Errno);
        return answer.Errno == 0 ? answer.Events.Length : -1;
    }
}
