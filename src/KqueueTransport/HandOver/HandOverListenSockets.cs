using System.Net;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Listening;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.HandOver;

/// <summary>The listen sockets of one host that a successor can have. Any thread.</summary>
internal sealed class HandOverListenSockets
{
    // The socket at the path goes in the same message.
    private const int CountMax = SystemSocketCalls.DescriptorsMax - 1;

    private readonly Lock _gate = new();

    // Under _gate, so that no number is handed over that has just been closed.
    private readonly List<Held> _sockets = [];

    // How many other processes have the sockets. Interlocked.
    private int _elsewhere;

    /// <summary>The server that this one replaces; null where there is none, and once it is replaced.</summary>
    public Predecessor? Predecessor { get; set; }

    /// <summary>How many were taken over from the predecessor.</summary>
    public int TakenOverCount { get; private set; }

    /// <summary>
    /// Whether another process has the sockets, too: then nobody may empty their queues, nor delete their files.
    /// </summary>
    public bool AreElsewhere => Volatile.Read(ref _elsewhere) > 0;

    /// <summary>Another process has them, too.</summary>
    public void AddElsewhere() => Interlocked.Increment(ref _elsewhere);

    /// <summary>A process that had them has ended.</summary>
    public void RemoveElsewhere() => Interlocked.Decrement(ref _elsewhere);

    /// <summary>Opens a listen socket, or takes the predecessor's.</summary>
    public ListenSocket Listen(EndPoint endPoint, KqueueEndPointOptions options, SocketCalls calls)
    {
        if (!calls.HasProcessDescriptors)
        {
            throw new NotSupportedException(
                $"{nameof(KqueueTransportOptions.HandOverPath)} is set, but the sockets of a named library are not " +
                "the process's, and cannot be handed over. Leave it out.");
        }

        lock (_gate)
        {
            if (_sockets.Count == CountMax)
            {
                throw new NotSupportedException(
                    $"{nameof(KqueueTransportOptions.HandOverPath)} is set, and at most {CountMax} listen sockets " +
                    "can be handed over. Leave it out, or listen at fewer endpoints.");
            }
        }

        var name = NameOf(endPoint);
        var taken = Predecessor?.Take(name);
        var opened = calls.Listen(endPoint, options, taken);
        var held = new Held(this, name, opened);
        if (!opened.IsInherited)
        {
            // An inherited one the successor has from where this process has it.
            lock (_gate)
            {
                TakenOverCount += taken is null ? 0 : 1;
                _sockets.Add(held);
            }
        }

        return held;
    }

    /// <summary>A listener accepts from one of these sockets.</summary>
    public void OnBound(ListenSocket socket, Action stopAccepting)
    {
        lock (_gate)
        {
            ((Held)socket).StopAccepting = stopAccepting;
        }
    }

    /// <summary>Leaves what comes from here on to the successor. What has been accepted is served as ever.</summary>
    public void StopAccepting()
    {
        Held[] held;
        lock (_gate)
        {
            held = [.. _sockets];
        }

        // Outside the lock, which each of them takes as it closes its socket.
        Array.ForEach(held, socket => socket.StopAccepting?.Invoke());
    }

    /// <summary>Has the sockets, with their names, sent while none of them can be closed.</summary>
    public T Send<T>(Func<IReadOnlyList<(string Name, int Descriptor)>, T> send)
    {
        lock (_gate)
        {
            var result = send(_sockets.ConvertAll(held => (held.Name, held.Descriptor)));
            AddElsewhere();
            return result;
        }
    }

    // A file handle has no family to ask for.
    private static string NameOf(EndPoint endPoint) => endPoint is FileHandleEndPoint handle
        ? $"handle {handle.FileHandle}"
        : $"{endPoint.AddressFamily} {endPoint}";

    private sealed class Held(HandOverListenSockets all, string name, ListenSocket opened) : ListenSocket
    {
        public string Name => name;

        /// <summary>Stops the listener of the socket; null before there is one. Set under the lock.</summary>
        public Action? StopAccepting { get; set; }

        public override int Descriptor => opened.Descriptor;

        public override EndPoint EndPoint => opened.EndPoint;

        public override SocketOption[]? OptionsToSet => opened.OptionsToSet;

        public override bool IsInherited => opened.IsInherited || all.AreElsewhere;

        public override void Dispose()
        {
            lock (all._gate)
            {
                all._sockets.Remove(this);
                if (all.AreElsewhere)
                {
                    opened.Leave();
                }
                else
                {
                    opened.Dispose();
                }
            }
        }
    }
}
