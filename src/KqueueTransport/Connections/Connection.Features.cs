using System.Buffers;
using System.Collections;
using System.IO.Pipelines;
using System.Net;
using KqueueTransport.Connections.Continuations;
using KqueueTransport.Diagnostics;
using KqueueTransport.Sockets.Addresses;
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
        typeof(IConnectionSocketFeature), typeof(ITcpInfoFeature), typeof(IUnixPeerCredentialsFeature),
    ];

    private string? _connectionId;
    private IDictionary<object, object?>? _items;
    private IDuplexPipe _transport;

    // The peer while nobody has asked for its end point.
    private IPv4Peer _peer;

    // Features that were added or replaced; a null value hides one of the transport's own.
    private AddedFeatures _addedFeatures;
    private int _revision;

    public override IFeatureCollection Features => this;

    public override string ConnectionId
    {
        get => Volatile.Read(ref _connectionId) ?? MakeId();
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
        get => _lifetime.IsTokenReplaced ? base.ConnectionClosed : ClosedToken();
        set
        {
            base.ConnectionClosed = value;
            _lifetime.OnTokenReplaced();
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
            if (!s_ownFeatures.Contains(type))
            {
                yield return new(type, feature);
            }
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => ((IEnumerable<KeyValuePair<Type, object>>)this).GetEnumerator();

    // The loop's log, the watch and the server may all be the first to ask.
    private string MakeId()
    {
        var id = ConnectionIds.Next();
        return Interlocked.CompareExchange(ref _connectionId, id, null) ?? id;
    }

    private CancellationToken ClosedToken()
    {
        var token = _lifetime.ClosedToken(out var mustCancel);
        if (mustCancel)
        {
            _loop.Queue(new Resumption(CancelConnectionClosed));
        }

        return token;
    }

    /// <summary>On the thread pool: the callbacks are the application's.</summary>
    private void CancelConnectionClosed()
    {
        try
        {
            _lifetime.CancelToken();
        }
        catch (Exception exception)
        {
            TransportLog.UnexpectedException(_loop.Logger, "a callback of ConnectionClosed", exception);
        }
    }

    private object? FindFeature(Type type) =>
        _addedFeatures.TryGet(type, out var added) ? added
        : IsOwnFeature(type) ? this
        : type == typeof(IUnixPeerCredentialsFeature) ? GetPeerCredentials()
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
        (type == typeof(IConnectionSocketFeature) && _loop.Calls.HasProcessDescriptors) ||
        (type == typeof(ITcpInfoFeature) && TryGetTcpInfo(out _));
}
