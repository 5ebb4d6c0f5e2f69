using System.Text;
using StreamingServer;

namespace Samples.Tests.Streaming;

public sealed class MessageBufferTests
{
    [Fact]
    public void TryTake_LinesInPiecesOfAnySize_TakesEachOnce()
    {
        var lines = Enumerable.Range(0, 200).Select(i => new string('é', i * 7)).ToArray();
        var text = string.Concat(lines.Select((line, i) => line + (i % 2 == 0 ? "\n" : "\r\n")));
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var piece = 1; piece < 10_000; piece = (piece * 3) + 1)
        {
            var buffer = new MessageBuffer();
            Assert.Equal(lines, TakeAll(buffer, bytes, piece));
            Assert.Equal("", buffer.TakeRest());
        }
    }

    [Fact]
    public void TryTake_LineLongerThanTheBuffer_TakesWholeCharacters()
    {
        var line = string.Concat(Enumerable.Repeat("a€😀", 1000));
        var buffer = new MessageBuffer(capacityMax: 64);

        var parts = TakeAll(buffer, Encoding.UTF8.GetBytes(line + "\n"), piece: 50);

        Assert.Equal(line, string.Concat(parts));
        Assert.All(parts, part => Assert.DoesNotContain('\uFFFD', part));
    }

    [Fact]
    public void TryTake_BytesThatAreNoText_AreNotWaitedFor()
    {
        var buffer = new MessageBuffer(capacityMax: 16);

        var parts = TakeAll(buffer, Enumerable.Repeat((byte)0x80, 100).Concat("\n"u8.ToArray()).ToArray(), piece: 16);

        Assert.Equal(100, parts.Sum(part => part.Length));
    }

    [Fact]
    public void TakeRest_AfterALine_IsWhatFollowsIt()
    {
        var buffer = new MessageBuffer();

        Assert.Equal(["one"], TakeAll(buffer, "one\ntwo"u8.ToArray(), piece: 3));

        Assert.Equal("two", buffer.TakeRest());
        Assert.Equal("", buffer.TakeRest());
    }

    private static List<string> TakeAll(MessageBuffer buffer, ReadOnlyMemory<byte> bytes, int piece)
    {
        var messages = new List<string>();
        while (bytes.Length > 0)
        {
            var free = buffer.Free;
            Assert.False(free.IsEmpty);
            var count = Math.Min(Math.Min(piece, bytes.Length), free.Length);
            bytes.Span[..count].CopyTo(free);
            buffer.Add(count);
            bytes = bytes[count..];
            while (buffer.TryTake(out var message))
            {
                messages.Add(message);
            }
        }

        return messages;
    }
}
