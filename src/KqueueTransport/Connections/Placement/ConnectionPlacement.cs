using System.Diagnostics;
using Kqueue.EventLoops;

namespace KqueueTransport.Connections.Placement;

/// <summary>
/// Where the handlers of one connection run, by what the last ones did. Whoever has run one says what it did; two at a
/// time may, and one of the two is forgotten then, which is no harm.
/// </summary>
/// <remarks>
/// <code>
/// state       | quick       | blocked    | computed    | set aside
/// New, Known  | Known       | Blocks(8)  | Computes(8) | as before
/// Blocks(n)   | Blocks(n-1) | Blocks(8)  | Computes(8) | as before
/// Computes(n) | Computes(n-1) | Blocks(8) | Computes(8) | as before
/// </code>
/// With n = 0 a connection is Known. One that is New, or was told to block, is Known to be quick after two handlers.
/// </remarks>
internal struct ConnectionPlacement
{
    // Quick handlers after which one that has blocked, or computed, is back on the loop: at one block among more than
    // these, its loop is held up for two to four milliseconds each time, and below, never.
    private const byte QuickHandlersNeeded = 8;

    // New, half known, known; then the handlers left for one that blocks, and for one that computes.
    private const byte Known = 2;
    private const byte Blocks = Known;
    private const byte Computes = Blocks + QuickHandlersNeeded;

    private byte _state;

    /// <summary>Where the next one runs. From any thread.</summary>
    public readonly Place Next(ListenerPlacement listener)
    {
        var state = Volatile.Read(in _state);
        return listener.Mode switch
        {
            Scheduling.Inline => Place.Loop,
            Scheduling.ThreadPool => Place.Pool,
            _ when !listener.CanBlock || state > Computes => Place.Pool,
            _ when state > Blocks || (state < Known && listener.IsAway) => Place.GivenAway,
            _ => Place.Loop,
        };
    }

    /// <summary>One begins on the loop, where none begins before the last is back.</summary>
    public void OnBegins()
    {
        if (_state < Known)
        {
            _state++;
        }
    }

    /// <summary>One has run.</summary>
    public void OnRan(HandlerStay stay)
    {
        var state = _state;
        Volatile.Write(ref _state, stay switch
        {
            HandlerStay.Blocked => Blocks + QuickHandlersNeeded,
            HandlerStay.Computed => Computes + QuickHandlersNeeded,
            HandlerStay.SetAside => state,
            HandlerStay.Quick when state < Known => (byte)(state + 1),
            HandlerStay.Quick when state is Known or Computes + 1 => Known,
            HandlerStay.Quick => (byte)(state - 1),
            _ => throw new UnreachableException(),
        });
    }
}
