namespace KqueueTransport.Connections.Input;

// The reader's lock, which a loop never waits for: a thread may be set aside by the kernel while it receives with it.
internal sealed partial class ConnectionReader
{
    // What drivers of the loop have left that did not get the lock. Any thread, with full fences.
    private volatile ReaderMarks _marks;

    // The connection's registration, which nobody else locks: every connection would pay for a Lock.
    private object Gate => _connection.Registration;

    /// <summary>
    /// Takes the reader's lock. Its end gives it back and looks for what a driver has left that did not get it.
    /// </summary>
    public Held Enter()
    {
        Monitor.Enter(Gate);
        return new Held(this);
    }

    /// <summary>Takes the lock, or leaves marks to whoever has it. Never waits.</summary>
    private bool TryEnter(ReaderMarks marks)
    {
        if (Monitor.TryEnter(Gate))
        {
            return true;
        }

        // Who does not get the lock leaves its marks and then tries again; who has it gives it back and then looks for
        // marks. With a full fence between the two steps on either side, one of the two sees to them.
        Mark(marks);
        return Monitor.TryEnter(Gate);
    }

    private void Leave()
    {
        Monitor.Exit(Gate);
        Interlocked.MemoryBarrier();

        // Where the swap fails, others are about: who adds marks tries the lock afterwards, and who takes them has it.
        var marks = _marks;
        if (marks != ReaderMarks.None && (marks & ReaderMarks.Posted) == 0 &&
            Interlocked.CompareExchange(ref _marks, marks | ReaderMarks.Posted, marks) == marks)
        {
            _connection.Loop.Post(this);
        }
    }

    private void Mark(ReaderMarks marks)
    {
        ReaderMarks seen;
        do
        {
            seen = _marks;
        }
        while (Interlocked.CompareExchange(ref _marks, (seen & ~ReaderMarks.Posted) | marks, seen) != seen);
    }

    private ReaderMarks TakeMarks() =>
        _marks == ReaderMarks.None ? ReaderMarks.None : Interlocked.Exchange(ref _marks, ReaderMarks.None);

    /// <summary>The reader's lock, taken.</summary>
    public readonly ref struct Held(ConnectionReader reader)
    {
        public void Dispose() => reader.Leave();
    }
}
