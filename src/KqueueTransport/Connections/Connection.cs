using System.IO.Pipelines;
using System.Net;
using Kqueue;
using Kqueue.EventLoops;
using Kqueue.EventLoops.Registrations;
using KqueueTransport.Connections.Buffers;
using KqueueTransport.Connections.Closing;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.Connections.Input;
using KqueueTransport.Connections.Output;
using KqueueTransport.Diagnostics;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Addresses;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Connections;

/// <summary>
/// A connection: one descriptor, its registration with a loop, a reader and a writer straight over it, and the one
/// place that decides why and when it ends.
/// </summary>
/// <remarks>
/// The descriptor is used under the reader's or the writer's lock only, and closed, or left to
/// <see cref="LingeringCloses"/>, after both have been told that it ends, so no call can meet a number that belongs to
/// somebody else.
/// </remarks>
internal sealed partial class Connection : ConnectionContext, IDuplexPipe, IReentrantHandler
{
    /// <summary>
    /// What one connection may receive, or send, in a row before its loop serves the others, and what stays put off at
    /// most: one call's worth of the usual blocks.
    /// </summary>
    public const int BytesInARowMax = PinnedBlocks.CountMax * BlockPool.UsualBytes;

    private readonly LoopContext _loop;
    private readonly EndPointContext _endPoint;
    private readonly ConnectionReader _reader;
    private readonly Registration _registration;

    // Made when the output is first asked for, by compare-and-swap: the end of the connection may come at that moment.
    private ConnectionWriter? _writer;

    public Connection(
        LoopContext loop, EndPointContext endPoint, int descriptor, EndPoint? local, IPv4Peer remote)
        : this(loop, endPoint, descriptor, local, remote: null) => _peer = remote;

    public Connection(
        LoopContext loop, EndPointContext endPoint, int descriptor, EndPoint? local, EndPoint? remote)
    {
        _loop = loop;
        _endPoint = endPoint;
        _reader = new ConnectionReader(this);
        _registration = loop.Loop.Register(descriptor, this);
        _transport = this;
        LocalEndPoint = local;
        RemoteEndPoint = remote;
    }

    /// <summary>Valid until the reader and the writer have been told of the end.</summary>
    public int Descriptor => (int)_registration.Ident;

    public LoopContext LoopContext => _loop;

    public EndPointContext EndPointContext => _endPoint;

    public EventLoop Loop => _loop.Loop;

    /// <summary>Also the reader's lock, which nobody takes but by <see cref="ConnectionReader.Enter"/>.</summary>
    public Registration Registration => _registration;

    PipeReader IDuplexPipe.Input => _reader;

    PipeWriter IDuplexPipe.Output => Writer;

    private ConnectionWriter Writer => Volatile.Read(ref _writer) ?? MakeWriter();

    /// <summary>
    /// Begins to receive events. A socket without an armed filter would never hear of a reset on macOS, so READ stays
    /// armed for life.
    /// </summary>
    public void Start()
    {
        _loop.Statistics.CountStart();
        _endPoint.Newcomers.Add();
        TransportEventSource.Log.ConnectionStart(this);
        var result = Arm(KEventFilter.Read, KEventFlags.Clear);
        if (result.IsError)
        {
            FailElsewhere(result.Error);
        }
    }

    /// <summary>Arms a filter: under the reader's or writer's lock, or before others have the connection.</summary>
    public KernelResult Arm(KEventFilter filter, KEventFlags mode) => _registration.Arm(filter, mode);

    void IEventHandler.OnEvent(in KEvent kevent)
    {
        try
        {
            if (kevent.Filter == KEventFilter.Write)
            {
                Writer.OnWritable();
            }
            else
            {
                _reader.OnReadable(kevent);
            }
        }
        catch (Exception exception)
        {
            Fault(exception);
        }
    }

    private ConnectionWriter MakeWriter()
    {
        var writer = new ConnectionWriter(this);
        return Interlocked.CompareExchange(ref _writer, writer, null) ?? writer;
    }
}
