using System.Numerics;

namespace FileSwarm.Server;

/// <summary>Which clients have which chunks, a bit for each. Not for several threads.</summary>
internal sealed class ChunkHolders(int chunkCount, int clientCount)
{
    private const int BitsPerWord = 64;

    private readonly int _wordsPerChunk = (clientCount + BitsPerWord - 1) / BitsPerWord;
    private readonly ulong[] _bits = new ulong[checked(chunkCount * ((clientCount + BitsPerWord - 1) / BitsPerWord))];

    // Where the next search begins, so that the holders of a chunk take turns.
    private int _turn;

    public void Add(int chunk, int client) => Word(chunk, client) |= Bit(client);

    public void Remove(int chunk, int client) => Word(chunk, client) &= ~Bit(client);

    public bool Has(int chunk, int client) => (Word(chunk, client) & Bit(client)) != 0;

    public void RemoveClient(int client)
    {
        for (var chunk = 0; chunk < chunkCount; chunk++)
        {
            Remove(chunk, client);
        }
    }

    /// <summary>The next client that has a chunk, or -1.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <param name="avoid">A client that is taken only if there is no other; -1 is nobody.</param>
    public int Next(int chunk, int avoid)
    {
        var words = _bits.AsSpan(chunk * _wordsPerChunk, _wordsPerChunk);
        for (var i = 0; i <= _wordsPerChunk; i++)
        {
            // The word where the search begins is looked at twice: its upper part first, its lower part last.
            var word = ((_turn / BitsPerWord) + i) % _wordsPerChunk;
            var upper = ulong.MaxValue << (_turn % BitsPerWord);
            var bits = words[word] & (i == 0 ? upper : i == _wordsPerChunk ? ~upper : ulong.MaxValue);
            bits &= avoid / BitsPerWord == word && avoid >= 0 ? ~Bit(avoid) : ulong.MaxValue;
            if (bits != 0)
            {
                var client = (word * BitsPerWord) + BitOperations.TrailingZeroCount(bits);
                _turn = (client + 1) % clientCount;
                return client;
            }
        }

        return avoid >= 0 && Has(chunk, avoid) ? avoid : -1;
    }

    private ref ulong Word(int chunk, int client) => ref _bits[(chunk * _wordsPerChunk) + (client / BitsPerWord)];

    private static ulong Bit(int client) => 1UL << (client % BitsPerWord);
}
