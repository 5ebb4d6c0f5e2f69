using System.Runtime.InteropServices;

namespace KqueueTransport.Connections.Buffers;

/// <summary>
/// The segments of a loop that hold no bytes. They are not a connection's, because one that waits would keep two of 104
/// bytes. Nobody waits here: who comes while another is at it makes a segment, or drops one.
/// </summary>
/// <remarks>Any thread may call it; where the application runs on the loop, it is nearly always the loop's.</remarks>
internal sealed class SpareSegments
{
    // For a burst of as many requests at once, in 104 KiB of a loop.
    private const int CountMax = 1024;

    private Spares _spares;

    public BufferSegment Take()
    {
        if (!TryEnter())
        {
            return new BufferSegment();
        }

        var segment = _spares.First;
        if (segment is not null)
        {
            _spares.First = segment.NextSegment;
            _spares.Count--;
        }

        Leave();
        segment?.Link(null);
        return segment ?? new BufferSegment();
    }

    public void Give(BufferSegment segment)
    {
        if (!TryEnter())
        {
            return;
        }

        if (_spares.Count < CountMax)
        {
            segment.Link(_spares.First);
            _spares.First = segment;
            _spares.Count++;
        }

        Leave();
    }

    private bool TryEnter() => Interlocked.Exchange(ref _spares.Taken, 1) == 0;

    private void Leave() => Volatile.Write(ref _spares.Taken, 0);

    // Written for each request: the pools of other loops lie beside this one, and are not in its pair of cache lines.
    [StructLayout(LayoutKind.Explicit, Size = (2 * 128) + 24)]
    private struct Spares
    {
        [FieldOffset(128)]
        public int Taken;

        [FieldOffset(132)]
        public int Count;

        [FieldOffset(136)]
        public BufferSegment? First;
    }
}
