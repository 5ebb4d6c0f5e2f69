using System.Buffers;
using System.Collections;
using System.IO.Pipelines;
using System.Net;
using KqueueTransport.Diagnostics;
using KqueueTransport.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace KqueueTransport.Connections;

/// <summary>
/// What a connection offers to the server: it is its own feature collection, so that a connection costs no dictionary.
/// Used by one thread at a time, as a feature collection is, except for the token.
/// </summary>
internal sealed partial class Connection :
    IFeatureCollection,
    IConnectionIdFeature,
    IConnectionTransportFeature,
    IConnectionItemsFeature,
    IConnectionLifetimeFeature,
    IConnectionEndPointFeature,
    IMemoryPoolFeature
{
    // The transport's own features by type; replaced ones go to _addedFeatures.
    private static readonly Type[] s_ownFeatures =
    [
        typeof(IConnectionIdFeature), typeof(IConnectionTransportFeature), typeof(IConnectionItemsFeature),
        typeof(IConnectionLifetimeFeature), typeof(IConnectionEndPointFeature), typeof(IMemoryPoolFeature),
        typeof(IConnectionSocketFeature),
    ];

    private string? _connectionId;
    private IDictionary<object, object?>? _items;
    private IDuplexPipe _transport;

    // Made when the token is first asked for, by compare-and-swap: the end of the connection may come at that moment.
    private CancellationTokenSource? _closedSource;
    private bool _isTokenReplaced;

    // The peer while nobody has asked for its end point.
    private IPv4Peer _peer;

    // Features that were added or replaced; a null value hides one of the transport's own.
    private AddedFeatures _addedFeatures;
    private int _revision;

    public override IFeatureCollection Features => this;

    public override string ConnectionId
    {
        get => _connectionId ??= ConnectionIds.Next();
        set => _connectionId = value;
    }

    public override IDictionary<object, object?> Items
    {
        get => _items ??= new ConnectionItems();
        set => _items = value;
    }

    /// <summary>Replaceable by middleware; the connection goes on using its own reader and writer.</summary>
    public override IDuplexPipe Transport
    {
        get => _transport;
        set => _transport = value;
    }

    public override CancellationToken ConnectionClosed
    {
        get => _isTokenReplaced ? base.ConnectionClosed : ClosedSource().Token;
        set
        {
            base.ConnectionClosed = value;
            _isTokenReplaced = true;
        }
    }

    public override EndPoint? RemoteEndPoint
    {
        get => base.RemoteEndPoint ??= _peer.ToEndPoint();
        set
        {
            _peer = default;
            base.RemoteEndPoint = value;
        }
    }

    MemoryPool<byte> IMemoryPoolFeature.MemoryPool => _loop.Blocks.Pool;

    bool IFeatureCollection.IsReadOnly => false;

    int IFeatureCollection.Revision => _revision;

    object? IFeatureCollection.this[Type key]
    {
        get => FindFeature(key);
        set => SetFeature(key, value);
    }

    TFeature? IFeatureCollection.Get<TFeature>()
        where TFeature : default => (TFeature?)FindFeature(typeof(TFeature));

    void IFeatureCollection.Set<TFeature>(TFeature? instance)
        where TFeature : default => SetFeature(typeof(TFeature), instance);

    IEnumerator<KeyValuePair<Type, object>> IEnumerable<KeyValuePair<Type, object>>.GetEnumerator()
    {
        foreach (var type in s_ownFeatures)
        {
            if (FindFeature(type) is { } feature)
            {
                yield return new(type, feature);
            }
        }

        foreach (var (type, feature) in _addedFeatures.All())
        {
            if (!IsOwnFeature(type))
            {
                yield return new(type, feature);
            }
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => ((IEnumerable<KeyValuePair<Type, object>>)this).GetEnumerator();

    private CancellationTokenSource ClosedSource()
    {
        if (Volatile.Read(ref _closedSource) is { } source)
        {
            return source;
        }

        source = new CancellationTokenSource();
        if (_isClosedFired)
        {
            // Nobody else has it yet, and so no callback runs here.
            source.Cancel();
        }

        if (Interlocked.CompareExchange(ref _closedSource, source, null) is { } earlier)
        {
            return earlier;
        }

        // The end reads the field after it raised the flag; this reads the flag after it set the field. Where both see
        // the other, one cancels in vain.
        Interlocked.MemoryBarrier();
        if (_isClosedFired && !source.IsCancellationRequested)
        {
            _loop.Queue(new Resumption(CancelConnectionClosed));
        }

        return source;
    }

    /// <summary>On the thread pool: the callbacks are the application's.</summary>
    private void CancelConnectionClosed()
    {
        try
        {
            Volatile.Read(ref _closedSource)?.Cancel();
        }
        catch (AggregateException exception)
        {
            TransportLog.UnexpectedException(_loop.Logger, "a callback of ConnectionClosed", exception);
        }
    }

    private object? FindFeature(Type type) =>
        _addedFeatures.TryGet(type, out var added) ? added
        : IsOwnFeature(type) ? this
        : null;

    private void SetFeature(Type type, object? feature)
    {
        _revision++;
        _addedFeatures.Set(type, feature);
    }

    private bool IsOwnFeature(Type type) =>
        type == typeof(IConnectionIdFeature) || type == typeof(IConnectionTransportFeature) ||
        type == typeof(IConnectionItemsFeature) || type == typeof(IConnectionLifetimeFeature) ||
        type == typeof(IConnectionEndPointFeature) || type == typeof(IMemoryPoolFeature) ||
        (type == typeof(IConnectionSocketFeature) && _loop.Calls.HasProcessDescriptors);
}
