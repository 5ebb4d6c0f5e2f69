namespace KqueueTransport.Connections.Output;

/// <summary>
/// Whether a flush off the loop is left to the loop, so that those which follow until the loop comes by join it in one
/// send. What flushes often and little, as Kestrel does for each HTTP/2 response, takes half the time so; what flushes
/// once and then waits for its peer would only pay for the loop's wake. Used under the writer's lock.
/// </summary>
/// <remarks>
/// Which of the two it is shows in what joins. After a flush that has stayed alone the next ones are sent at once: the
/// more, the more of them stayed alone in a row.
/// </remarks>
internal struct FlushJoining
{
    /// <summary>The most flushes in a row that are sent at once before the next is left to the loop.</summary>
    public const int SkippedMax = 64;

    // The first flush may be the only one.
    private byte _skipsLeft = 1;
    private byte _skipsNext;

    // Up to 2: whether nobody, one or several have been left to the loop since it last came by.
    private byte _left;

    public FlushJoining()
    {
    }

    /// <summary>Whether to leave this flush to the loop, where none is left to it yet.</summary>
    public bool MustTry()
    {
        if (_skipsLeft > 0)
        {
            _skipsLeft--;
            return false;
        }

        return true;
    }

    /// <summary>A flush was left to the loop.</summary>
    public void OnLeft() => _left = (byte)Math.Min(_left + 1, 2);

    /// <summary>The loop has come by and sends.</summary>
    public void OnSending()
    {
        if (_left == 1)
        {
            _skipsNext = (byte)Math.Clamp(_skipsNext * 2, 1, SkippedMax);
            _skipsLeft = _skipsNext;
        }
        else if (_left > 1)
        {
            _skipsNext = 0;
        }

        _left = 0;
    }
}
