namespace KqueueTransport.Connections.Accepting;

/// <summary>
/// A number of places, and the pause of who fills them while all are taken. One thread at a time takes them and
/// pauses, any sets them free.
/// </summary>
/// <remarks>
/// Places and pause are one word, and each step is one swap: no place is set free unseen between the look that finds
/// none and the pause that follows from it.
/// </remarks>
internal sealed class Places(int max)
{
    private const long Pause = 1;
    private const long Place = 2;

    private long _word;

    /// <summary>How many are taken: more than there are, where who took them did not look.</summary>
    public int Taken => (int)(Volatile.Read(ref _word) / Place);

    /// <summary>Whether none is left.</summary>
    public bool AreTaken => IsFull(Volatile.Read(ref _word));

    /// <summary>Called, by who sets it free, when there is a place after a pause.</summary>
    public Action? Freed { get; set; }

    public void Take() => Interlocked.Add(ref _word, Place);

    /// <summary>Pauses if no place is left. <see cref="Freed"/> then says when to go on.</summary>
    public bool PauseIfTaken()
    {
        var word = Volatile.Read(ref _word);
        while (IsFull(word))
        {
            var seen = Interlocked.CompareExchange(ref _word, word | Pause, word);
            if (seen == word)
            {
                return true;
            }

            word = seen;
        }

        return false;
    }

    public void Free()
    {
        long word, free;
        do
        {
            word = Volatile.Read(ref _word);
            free = word - Place;
            free = IsFull(free) ? free : free & ~Pause;
        }
        while (Interlocked.CompareExchange(ref _word, free, word) != word);
        if (((word ^ free) & Pause) != 0)
        {
            Freed?.Invoke();
        }
    }

    private bool IsFull(long word) => word / Place >= max;
}
