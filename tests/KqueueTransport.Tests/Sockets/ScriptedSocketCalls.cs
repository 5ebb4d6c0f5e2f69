using System.Net;
using System.Net.Sockets;
using Kqueue;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Listening;

namespace KqueueTransport.Tests.Sockets;

/// <summary>
/// A kernel that follows a script: each call takes the next answer that was prepared for it. Where none is left, the
/// call goes to another implementation, if there is one; otherwise accept and receive would block and the rest
/// succeeds. It remembers what was sent, and every call with its result.
/// </summary>
/// <remarks>
/// Alone it needs no descriptor: any number will do. In front of <see cref="SystemSocketCalls.Instance"/> it disturbs
/// real connections.
/// </remarks>
internal sealed class ScriptedSocketCalls(SocketCalls? kernel = null)
    : SocketCalls(functions: null!, numbers: null!)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(SocketCall Call, int? Descriptor), LinkedList<SocketStep>> _script = [];
    private readonly Dictionary<int, List<byte>> _sent = [];
    private readonly List<(SocketCall Call, int Descriptor, KernelResult Result)> _calls = [];
    private int _tcpInfos;
    private int _peerCredentials;

    public override bool HasProcessDescriptors => !HidesProcessDescriptors && kernel is { HasProcessDescriptors: true };

    public override int DescriptorLimit => Limit ?? kernel?.DescriptorLimit ?? int.MaxValue;

    /// <summary>A limit of descriptors other than the kernel's.</summary>
    public int? Limit { get; set; }

    /// <summary>Whether its descriptors pass for those of a library.</summary>
    public bool HidesProcessDescriptors { get; set; }

    /// <summary>Runs before each call, on its thread, outside of any lock.</summary>
    public Action<SocketCall, int>? BeforeCall { get; set; }

    /// <summary>Runs before the kernel is asked for a descriptor's own address.</summary>
    public Action? BeforeLocalAddress { get; set; }

    /// <summary>Runs before the kernel is asked about a TCP connection.</summary>
    public Action? BeforeTcpInfo { get; set; }

    /// <summary>Every call so far, in order of completion. Accept has the listen socket's descriptor.</summary>
    public IReadOnlyList<(SocketCall Call, int Descriptor, KernelResult Result)> Calls
    {
        get
        {
            lock (_lock)
            {
                return [.. _calls];
            }
        }
    }

    /// <summary>Prepares the next answers to a call, on one descriptor or on any.</summary>
    public ScriptedSocketCalls Prepare(SocketCall call, int? descriptor, params ReadOnlySpan<SocketStep> steps)
    {
        lock (_lock)
        {
            var queue = _script.TryGetValue((call, descriptor), out var found)
                ? found
                : _script[(call, descriptor)] = new LinkedList<SocketStep>();
            foreach (var step in steps)
            {
                queue.AddLast(step);
            }
        }

        return this;
    }

    /// <summary>Prepares the next answers to a call on any descriptor.</summary>
    public ScriptedSocketCalls Prepare(SocketCall call, params ReadOnlySpan<SocketStep> steps) =>
        Prepare(call, null, steps);

    /// <summary>Whether nothing of the script is left.</summary>
    public bool IsPlayed
    {
        get
        {
            lock (_lock)
            {
                return _script.Values.All(steps => steps.Count == 0);
            }
        }
    }

    /// <summary>How often it was asked what it knows of a TCP connection.</summary>
    public int TcpInfoCount => Volatile.Read(ref _tcpInfos);

    /// <summary>How often somebody asked for a peer's credentials.</summary>
    public int PeerCredentialsCount => Volatile.Read(ref _peerCredentials);

    /// <summary>All bytes that were sent on a descriptor.</summary>
    public byte[] SentOn(int descriptor)
    {
        lock (_lock)
        {
            return _sent.TryGetValue(descriptor, out var bytes) ? [.. bytes] : [];
        }
    }

    /// <summary>How often a call was made on a descriptor.</summary>
    public int CountOf(SocketCall call, int descriptor) =>
        Calls.Count(made => made.Call == call && made.Descriptor == descriptor);

    public override KernelResult Accept(int listenDescriptor, SocketAddress peer)
    {
        var step = Next(SocketCall.Accept, listenDescriptor);
        var result = step.Result ?? AcceptReal(listenDescriptor, peer);
        if (step.IsAddressLost)
        {
            peer.Size = 0;
        }

        return Remember(SocketCall.Accept, listenDescriptor, result);
    }

    public override KernelResult Receive(int descriptor, Span<byte> buffer)
    {
        var step = Next(SocketCall.Receive, descriptor);
        return Remember(SocketCall.Receive, descriptor, step.Result ?? Receive(step, descriptor, buffer));
    }

    public override KernelResult Receive(int descriptor, ReadOnlySpan<IoVector> buffers)
    {
        // Copied, so that one piece of code plays both: the script does not care for speed.
        Span<byte> bytes = new byte[TotalLength(buffers)];
        var result = Receive(descriptor, bytes);
        if (!result.IsError)
        {
            Scatter(bytes[..result.Value], buffers);
        }

        return result;
    }

    public override KernelResult Send(int descriptor, ReadOnlySpan<byte> buffer)
    {
        var step = Next(SocketCall.Send, descriptor);
        var allowed = buffer[..Math.Min(buffer.Length, step.BytesMax)];
        var result = step.Result ?? kernel?.Send(descriptor, allowed) ?? KernelResult.Success(allowed.Length);
        if (!result.IsError)
        {
            RememberSent(descriptor, buffer[..result.Value]);
        }

        return Remember(SocketCall.Send, descriptor, result);
    }

    public override KernelResult Send(int descriptor, ReadOnlySpan<IoVector> buffers) =>
        Send(descriptor, Gather(buffers));

    public override KernelResult Shutdown(int descriptor, SocketShutdown how) =>
        Play(SocketCall.Shutdown, descriptor, () => kernel?.Shutdown(descriptor, how));

    public override KernelResult Close(int descriptor) =>
        Play(SocketCall.Close, descriptor, () => kernel?.Close(descriptor));

    public override KernelResult Abort(int descriptor) =>
        Play(SocketCall.Abort, descriptor, () => kernel?.Abort(descriptor));

    public override KernelResult Configure(int descriptor, SocketOption[] options) =>
        Play(SocketCall.Configure, descriptor, () => kernel?.Configure(descriptor, options));

    public override UnixPeerCredentials? GetPeerCredentials(int descriptor)
    {
        Interlocked.Increment(ref _peerCredentials);
        return kernel?.GetPeerCredentials(descriptor);
    }

    public override KernelResult FinishConnect(int descriptor) =>
        Play(SocketCall.FinishConnect, descriptor, () => kernel?.FinishConnect(descriptor));

    public override KernelResult Connect(EndPoint remote, KqueueEndPointOptions options) =>
        Play(SocketCall.Connect, -1, () => kernel?.Connect(remote, options));

    public override KernelResult OpenProbe() =>
        Play(SocketCall.OpenProbe, -1, () => kernel?.OpenProbe());

    public override ListenSocket Listen(
        EndPoint endPoint, KqueueEndPointOptions options, int? takenOver = null) =>
        kernel?.Listen(endPoint, options, takenOver) ??
        throw new InvalidOperationException("A script alone cannot listen.");

    public override KernelResult GetLocalAddress(int descriptor, SocketAddress address)
    {
        BeforeLocalAddress?.Invoke();
        return kernel?.GetLocalAddress(descriptor, address) ?? NoAddress(address);
    }

    public override KernelResult GetRemoteAddress(int descriptor, SocketAddress address) => Play(
        SocketCall.GetRemoteAddress,
        descriptor,
        () => kernel?.GetRemoteAddress(descriptor, address) ?? NoAddress(address));

    // Asked by what is overridden, and nobody else.
    protected override KernelResult CreateSocket(EndPoint remote, bool isMultipath) =>
        throw new NotSupportedException();

    private KernelResult AcceptReal(int listenDescriptor, SocketAddress peer) =>
        kernel?.Accept(listenDescriptor, peer) ?? KernelResult.Failure(Errno.EAGAIN);

    private KernelResult Receive(SocketStep step, int descriptor, Span<byte> buffer)
    {
        if (step.IsFull)
        {
            return KernelResult.Success(buffer.Length);
        }

        if (step.Bytes is not { } bytes)
        {
            var allowed = buffer[..Math.Min(buffer.Length, step.BytesMax)];
            return kernel?.Receive(descriptor, allowed) ?? KernelResult.Failure(Errno.EAGAIN);
        }

        var count = Math.Min(bytes.Length, buffer.Length);
        bytes.AsSpan(0, count).CopyTo(buffer);
        if (count < bytes.Length)
        {
            PutBack(descriptor, SocketStep.Delivers(bytes[count..]));
        }

        return KernelResult.Success(count);
    }

    private void PutBack(int descriptor, SocketStep rest)
    {
        Prepare(SocketCall.Receive, descriptor);
        lock (_lock)
        {
            _script[(SocketCall.Receive, descriptor)].AddFirst(rest);
        }
    }

    public override bool TryGetTcpInfo(int descriptor, out TcpInfo info)
    {
        Interlocked.Increment(ref _tcpInfos);
        BeforeTcpInfo?.Invoke();
        info = default;
        return kernel?.TryGetTcpInfo(descriptor, out info) ?? false;
    }

    private KernelResult Play(SocketCall call, int descriptor, Func<KernelResult?> real) =>
        Remember(call, descriptor, Next(call, descriptor).Result ?? real() ?? KernelResult.Success(0));

    // What was prepared for the descriptor goes before what was prepared for any.
    private SocketStep Next(SocketCall call, int descriptor)
    {
        BeforeCall?.Invoke(call, descriptor);
        lock (_lock)
        {
            return Take((call, descriptor)) ?? Take((call, null)) ?? SocketStep.GoesThrough;
        }
    }

    private SocketStep? Take((SocketCall Call, int? Descriptor) key)
    {
        if (!_script.TryGetValue(key, out var steps) || steps.First is not { } first)
        {
            return null;
        }

        steps.RemoveFirst();
        return first.Value;
    }

    private KernelResult Remember(SocketCall call, int descriptor, KernelResult result)
    {
        lock (_lock)
        {
            _calls.Add((call, descriptor, result));
        }

        return result;
    }

    private void RememberSent(int descriptor, ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            var sent = _sent.TryGetValue(descriptor, out var found) ? found : _sent[descriptor] = [];
            sent.AddRange(bytes);
        }
    }

    private static KernelResult NoAddress(SocketAddress address)
    {
        address.Size = 0;
        return KernelResult.Success(0);
    }

    private static int TotalLength(ReadOnlySpan<IoVector> buffers)
    {
        var total = 0;
        foreach (var buffer in buffers)
        {
            total += buffer.Length;
        }

        return total;
    }

    private static unsafe byte[] Gather(ReadOnlySpan<IoVector> buffers)
    {
        var bytes = new List<byte>();
        foreach (var buffer in buffers)
        {
            bytes.AddRange(new ReadOnlySpan<byte>(buffer.Start, buffer.Length));
        }

        return [.. bytes];
    }

    private static unsafe void Scatter(ReadOnlySpan<byte> bytes, ReadOnlySpan<IoVector> buffers)
    {
        foreach (var buffer in buffers)
        {
            var count = Math.Min(bytes.Length, buffer.Length);
            bytes[..count].CopyTo(new Span<byte>(buffer.Start, count));
            bytes = bytes[count..];
        }
    }
}
