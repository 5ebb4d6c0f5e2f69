using System.Text;

namespace StreamingServer;

/// <summary>
/// Received bytes, out of which it takes messages: lines of any length. Memory is bounded all the same: a line that
/// is longer than the buffer may grow is taken in several parts.
/// </summary>
internal sealed class MessageBuffer(int capacityMax = 1 << 20)
{
    private const int InitialCapacity = 4096;

    private byte[] _bytes = new byte[Math.Min(InitialCapacity, capacityMax)];

    // What is taken, what was searched for a line end in vain, and what is received: _start <= _searched <= _end.
    private int _start;
    private int _searched;
    private int _end;

    /// <summary>Where to receive into; never empty once every message has been taken.</summary>
    public Span<byte> Free
    {
        get
        {
            MakeRoom();
            return _bytes.AsSpan(_end);
        }
    }

    /// <summary>So many bytes were received into <see cref="Free"/>.</summary>
    public void Add(int count) => _end += count;

    /// <summary>Takes the next line, without its end, or the part of one that fills the whole buffer.</summary>
    public bool TryTake(out string message)
    {
        var newline = _bytes.AsSpan(_searched, _end - _searched).IndexOf((byte)'\n');
        if (newline >= 0)
        {
            var end = _searched + newline;
            message = TextOf(_bytes.AsSpan(_start, end - _start).TrimEnd((byte)'\r'));
            _start = _searched = end + 1;
            return true;
        }

        _searched = _end;
        if (_end - _start < capacityMax)
        {
            message = "";
            return false;
        }

        var whole = LengthOfWholeCharacters(_bytes.AsSpan(_start, _end - _start));
        message = TextOf(_bytes.AsSpan(_start, whole));
        _start += whole;
        return true;
    }

    /// <summary>Takes what came behind the last line end.</summary>
    public string TakeRest()
    {
        var rest = TextOf(_bytes.AsSpan(_start, _end - _start));
        _start = _searched = _end;
        return rest;
    }

    private static string TextOf(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);

    // A part of a line ends before a character that is not whole. One that never becomes whole is not waited for.
    private static int LengthOfWholeCharacters(ReadOnlySpan<byte> bytes)
    {
        var last = bytes.Length - 1;
        var first = Math.Max(0, bytes.Length - 4);
        while (last > first && (bytes[last] & 0xC0) == 0x80)
        {
            last--;
        }

        var isWhole = Rune.DecodeFromUtf8(bytes[last..], out _, out _) != System.Buffers.OperationStatus.NeedMoreData;
        return isWhole || last == 0 ? bytes.Length : last;
    }

    private void MakeRoom()
    {
        if (_start > 0)
        {
            _bytes.AsSpan(_start, _end - _start).CopyTo(_bytes);
            _end -= _start;
            _searched -= _start;
            _start = 0;
        }

        if (_end == _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Min(_bytes.Length * 2, capacityMax));
        }
    }
}
