namespace Kqueue.Epoll;

/// <summary>The caller's event list, as it fills.</summary>
internal ref struct EventWriter(Span<KEvent> events)
{
    private readonly Span<KEvent> _events = events;

    public int Count { get; private set; }

    public readonly bool IsFull => Count == _events.Length;

    public readonly int Room => _events.Length - Count;

    public void Add(in KEvent reported) => _events[Count++] = reported;
}
