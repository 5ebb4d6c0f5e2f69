namespace MioServer;

/// <summary>
/// Counts the HTTP request heads in a stream: whatever ends with an empty line. It remembers how much of that it has
/// seen, so that a head may come in pieces and several may come at once.
/// </summary>
internal struct RequestHeads
{
    private int _matched;

    private static ReadOnlySpan<byte> End => "\r\n\r\n"u8;

    /// <summary>How many heads these bytes complete.</summary>
    public int Count(ReadOnlySpan<byte> bytes)
    {
        var heads = FinishBegun(ref bytes);
        while (bytes.IndexOf(End) is >= 0 and var index)
        {
            heads++;
            bytes = bytes[(index + End.Length)..];
        }

        _matched = Math.Max(_matched, LongestBegun(bytes));
        return heads;
    }

    /// <summary>Takes the bytes that go on with an end which earlier bytes have begun.</summary>
    private int FinishBegun(ref ReadOnlySpan<byte> bytes)
    {
        while (_matched > 0 && bytes.Length > 0)
        {
            // After a mismatch a '\r' may begin anew: "\r\r\n\r\n", and "\r\n\r\r\n\r\n".
            var letter = bytes[0];
            _matched = letter == End[_matched] ? _matched + 1 : letter == End[0] ? 1 : 0;
            bytes = bytes[1..];
            if (_matched == End.Length)
            {
                _matched = 0;
                return 1;
            }
        }

        return 0;
    }

    // How much of the end the bytes end with.
    private static int LongestBegun(ReadOnlySpan<byte> bytes)
    {
        for (var length = Math.Min(End.Length - 1, bytes.Length); length > 0; length--)
        {
            if (bytes.EndsWith(End[..length]))
            {
                return length;
            }
        }

        return 0;
    }
}
