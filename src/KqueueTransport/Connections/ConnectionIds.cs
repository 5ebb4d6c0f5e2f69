using System.Runtime.InteropServices;

namespace KqueueTransport.Connections;

/// <summary>Makes connection ids: unique in the process, short, and ordered by time as text.</summary>
internal static class ConnectionIds
{
    // Base 32 without I, L, O and U, so that an id survives being read aloud.
    private const string Digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    private const int Length = 13;

    // Begins at the time of the start, so that ids of two runs do not meet in one log.
    private static Last s_last = new() { Id = DateTime.UtcNow.Ticks };

    public static string Next() => string.Create(Length, Interlocked.Increment(ref s_last.Id), static (text, id) =>
    {
        for (var i = text.Length - 1; i >= 0; i--)
        {
            text[i] = Digits[(int)(id & 31)];
            id >>>= 5;
        }
    });

    // Every connection of any loop moves it on: nobody else's fields lie in its pair of cache lines.
    [StructLayout(LayoutKind.Explicit, Size = 2 * 128)]
    private struct Last
    {
        [FieldOffset(128)]
        public long Id;
    }
}
