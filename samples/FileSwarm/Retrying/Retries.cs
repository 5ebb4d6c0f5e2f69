namespace FileSwarm.Retrying;

/// <summary>
/// Questions that are asked again until they are answered, each time after twice as long (RFC 6298, section 5.5).
/// It keeps the time only; asking is its owner's part. Not for several threads.
/// </summary>
internal sealed class Retries<TKey>(TimeProvider clock)
    where TKey : notnull
{
    private readonly RoundTripEstimate _estimate = new();
    private readonly Dictionary<TKey, Question> _open = [];

    // Every question with its next deadline. Entries of answered or re-asked questions are skipped when they come up.
    private readonly PriorityQueue<(TKey Key, long Deadline), long> _deadlines = new();

    public int Count => _open.Count;

    /// <summary>A question was asked for the first time.</summary>
    public void Add(TKey key) => Set(key, clock.GetTimestamp(), attempts: 1);

    /// <summary>Takes a question that was answered; false when nobody asks it any more.</summary>
    public bool TryTake(TKey key, out Answered answered)
    {
        if (!_open.Remove(key, out var question))
        {
            answered = default;
            return false;
        }

        answered = new Answered(clock.GetElapsedTime(question.Asked), question.Attempts);
        if (question.Attempts == 1)
        {
            _estimate.Add(answered.RoundTrip); // Of later attempts nobody knows which one was answered.
        }

        return true;
    }

    /// <summary>Takes a question away that need not be answered.</summary>
    public void Remove(TKey key) => _open.Remove(key);

    /// <summary>The next question that has waited for too long. It counts as asked again.</summary>
    public bool TryNextDue(out TKey key, out int attempts)
    {
        var now = clock.GetTimestamp();
        while (_deadlines.TryPeek(out var entry, out var deadline) && deadline <= now)
        {
            _deadlines.Dequeue();
            if (_open.TryGetValue(entry.Key, out var question) && question.Deadline == entry.Deadline)
            {
                key = entry.Key;
                attempts = question.Attempts + 1;
                Set(key, question.Asked, attempts);
                return true;
            }
        }

        (key, attempts) = (default!, 0);
        return false;
    }

    private void Set(TKey key, long asked, int attempts)
    {
        var wait = _estimate.Timeout * Math.Pow(2, Math.Min(attempts, 10) - 1);
        wait = wait < RoundTripEstimate.Max ? wait : RoundTripEstimate.Max;
        var deadline = clock.GetTimestamp() + (long)(wait.TotalSeconds * clock.TimestampFrequency);
        _open[key] = new Question(asked, deadline, attempts);
        _deadlines.Enqueue((key, deadline), deadline);
    }

    private readonly record struct Question(long Asked, long Deadline, int Attempts);
}
