namespace KqueueTransport.Connections.Closing;

/// <summary>
/// How far a connection has come to its end: one word, which any thread moves forward and nobody back.
/// </summary>
/// <remarks>
/// The connection is open until somebody gives the reason of its end; the first reason stays. ConnectionClosed is
/// cancelled once, with the end or, as the peer's FIN, before it. The end has two parts, the descriptor's and that of
/// the callbacks of ConnectionClosed, on two threads: whoever disposes of the connection waits for both.
/// </remarks>
internal struct Lifetime
{
    // The lowest bits are the ShutdownReason.
    private const int ReasonMask = 0x07;
    private const int Closing = 0x08;
    private const int DescriptorEnded = 0x10;
    private const int CallbacksRan = 0x20;
    private const int TokenReplaced = 0x40;
    private const int Over = DescriptorEnded | CallbacksRan;

    private int _word;

    // Both made when they are first asked for, by compare-and-swap: the end may come at that moment. Whoever makes one
    // sets the field and then looks at the word; the end moves the word and then looks at the field.
    private CancellationTokenSource? _closed;
    private TaskCompletionSource? _over;

    /// <summary>Why the connection has ended, or None.</summary>
    public readonly ShutdownReason Reason => (ShutdownReason)(Word & ReasonMask);

    public readonly bool HasEnded => Reason != ShutdownReason.None;

    /// <summary>Whether somebody has put a token of their own in the place of the connection's.</summary>
    public readonly bool IsTokenReplaced => (Word & TokenReplaced) != 0;

    private readonly int Word => Volatile.Read(in _word);

    /// <summary>Gives the reason of the end; true for the first.</summary>
    public bool TryEnd(ShutdownReason reason) => TryMove((int)reason, ReasonMask);

    /// <summary>Decides that ConnectionClosed is cancelled; true for the first, who then sees to it.</summary>
    public bool TryClose() => TryMove(Closing, Closing);

    public void OnTokenReplaced() => TryMove(TokenReplaced, TokenReplaced);

    /// <summary>The descriptor is closed, or somebody else's.</summary>
    public void OnDescriptorEnded() => EndPart(DescriptorEnded);

    /// <summary>The callbacks of ConnectionClosed have run, or there are none.</summary>
    public void OnCallbacksRan() => EndPart(CallbacksRan);

    /// <summary>Completed when both parts of the end are done.</summary>
    public Task WhenOver()
    {
        if ((Word & Over) == Over)
        {
            return Task.CompletedTask;
        }

        var made = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var over = Interlocked.CompareExchange(ref _over, made, null) ?? made;
        if ((Word & Over) == Over)
        {
            over.TrySetResult();
        }

        return over.Task;
    }

    /// <summary>The token of ConnectionClosed.</summary>
    /// <param name="mustCancel">
    /// Whether the end came at that moment and may not know of the token: the caller has it cancelled.
    /// </param>
    public CancellationToken ClosedToken(out bool mustCancel)
    {
        mustCancel = false;
        if (Volatile.Read(ref _closed) is { } source)
        {
            return source.Token;
        }

        source = new CancellationTokenSource();
        if ((Word & Closing) != 0)
        {
            // Nobody else has it yet, and so no callback runs here.
            source.Cancel();
        }

        if (Interlocked.CompareExchange(ref _closed, source, null) is { } earlier)
        {
            return earlier.Token;
        }

        mustCancel = (Word & Closing) != 0 && !source.IsCancellationRequested;
        return source.Token;
    }

    /// <summary>Whether nobody has asked for the token, so that there is nothing to cancel.</summary>
    public readonly bool HasNoToken => Volatile.Read(in _closed) is null;

    /// <summary>Cancels the token of ConnectionClosed, if somebody has it. Runs the application's callbacks.</summary>
    public readonly void CancelToken() => _closed?.Cancel();

    private void EndPart(int part)
    {
        if (TryMove(part, part) && (Word & Over) == Over)
        {
            Volatile.Read(ref _over)?.TrySetResult();
        }
    }

    /// <summary>The one transition: sets bits in a field of the word that is still empty. A full fence.</summary>
    private bool TryMove(int bits, int field)
    {
        var word = Word;
        while ((word & field) == 0)
        {
            var found = Interlocked.CompareExchange(ref _word, word | bits, word);
            if (found == word)
            {
                return true;
            }

            word = found;
        }

        return false;
    }
}
