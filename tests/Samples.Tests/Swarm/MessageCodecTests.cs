using FileSwarm.Wire;

namespace Samples.Tests.Swarm;

public sealed class MessageCodecTests
{
    private const int PayloadMax = 1000;

    public static TheoryData<int> Lengths => [0, 1, 16, 999, 1000];

    [Theory]
    [MemberData(nameof(Lengths))]
    public void ReadDatagram_WhatFrameMade_IsTheSame(int length)
    {
        var payload = Enumerable.Range(0, length).Select(i => (byte)i).ToArray();
        var frame = MessageCodec.Frame(new MessageHeader(MessageKind.Chunk, int.MaxValue, -1), payload);

        Assert.Null(MessageCodec.ReadDatagram(frame, PayloadMax, out var header));

        Assert.Equal(new MessageHeader(MessageKind.Chunk, int.MaxValue, -1, length), header);
        Assert.Equal(payload, MessageCodec.PayloadOf(frame).ToArray());
        Assert.Equal(MessageKind.Chunk, MessageCodec.KindOf(frame));
    }

    [Fact]
    public void ReadDatagram_CutShortAnywhere_IsAnError()
    {
        var frame = MessageCodec.Frame(new MessageHeader(MessageKind.Chunk, 1), new byte[100]);
        for (var length = 0; length < frame.Length; length++)
        {
            Assert.Contains(
                "cut short",
                MessageCodec.ReadDatagram(frame.AsSpan(0, length), PayloadMax, out _)!,
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ReadDatagram_WithMoreBehindIt_IsAnError()
    {
        var frame = MessageCodec.Frame(new MessageHeader(MessageKind.Ready));

        Assert.Contains(
            "too long", MessageCodec.ReadDatagram([.. frame, 0], PayloadMax, out _)!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, (byte)'T')] // The first byte.
    [InlineData(1, 2)] // The version.
    [InlineData(2, 0)] // The kind.
    [InlineData(2, 200)]
    [InlineData(12, 0x80)] // A negative length.
    [InlineData(13, 1)] // A length over the limit.
    public void ReadHeader_OneWrongByte_IsAnError(int position, byte value)
    {
        var frame = MessageCodec.Frame(new MessageHeader(MessageKind.Chunk, 1), new byte[100]);
        frame[position] = value;

        Assert.NotNull(MessageCodec.ReadHeader(frame, PayloadMax, out _));
    }

    [Fact]
    public void ReadHeader_PayloadWhereNoneBelongs_IsAnError()
    {
        var frame = MessageCodec.Frame(new MessageHeader(MessageKind.Request, 1), new byte[1]);

        Assert.NotNull(MessageCodec.ReadHeader(frame, PayloadMax, out _));
    }

    [Fact]
    public void ReadDatagram_RandomAndDamagedBytes_AreAnErrorOrAMessageOfThatLength()
    {
        var random = new Random(1);
        for (var round = 0; round < 100_000; round++)
        {
            var frame = MessageCodec.Frame(
                new MessageHeader((MessageKind)random.Next(1, 9), random.Next(), random.Next()),
                new byte[random.Next(64)]);
            for (var damage = random.Next(4); damage > 0; damage--)
            {
                frame[random.Next(frame.Length)] = (byte)random.Next(256);
            }

            var datagram = frame.AsSpan(0, random.Next(frame.Length + 1));
            if (MessageCodec.ReadDatagram(datagram, PayloadMax, out var header) is null)
            {
                Assert.Equal(datagram.Length, MessageCodec.HeaderBytes + header.PayloadLength);
                Assert.True(Enum.IsDefined(header.Kind));
            }
        }
    }

    [Fact]
    public void SwarmInfo_EncodedAndDecoded_IsTheSame()
    {
        var info = new SwarmInfo(123_456_789_012, 65_536, 100, Enumerable.Range(0, 32).Select(i => (byte)i).ToArray());

        var decoded = SwarmInfo.Decode(info.Encode())!;

        Assert.Equal(info, decoded with { Sha256 = info.Sha256 });
        Assert.Equal(info.Sha256.ToArray(), decoded.Sha256.ToArray());
    }

    [Theory]
    [InlineData(0, 1000, 1)]
    [InlineData(-1, 1000, 1)]
    [InlineData(1000, 0, 1)]
    [InlineData(1000, 2_000_000, 1)]
    [InlineData(1000, 1000, 0)]
    [InlineData(long.MaxValue, 1, 1)]
    public void SwarmInfo_OfAFileThatCannotBe_IsNone(long fileLength, int chunkBytes, int clientCount) =>
        Assert.Null(SwarmInfo.Decode(new SwarmInfo(fileLength, chunkBytes, clientCount, new byte[32]).Encode()));

    [Fact]
    public void SwarmInfo_OfTheWrongLength_IsNone() => Assert.Null(SwarmInfo.Decode(new byte[SwarmInfo.Bytes - 1]));
}
