using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Kqueue.EventLoops;
using KqueueTransport.Connections;
using KqueueTransport.Connections.Buffers;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.Diagnostics.Metrics;

namespace KqueueTransport.Tests.Diagnostics;

/// <summary>Words that several threads write lie in cache lines that nobody reads for anything else.</summary>
public sealed class SharedWordsTests
{
    // What x64 fetches at a time.
    private const int PairOfLines = 128;

    public static TheoryData<Type, string, string[][]> Words => new()
    {
        { typeof(EventLoopGroup), "Turn", [["Number"]] },
        { typeof(ConnectionIds), "Last", [["Id"]] },
        { typeof(Newcomers), "Count", [["Number"]] },
        { typeof(SpareSegments), "Spares", [["Taken", "Count", "First"]] },
        { typeof(LoopStatistics), "Counts", [["Received", "Sent", "Connections"]] },
        { typeof(ListenerStatistics), "Counts", [["Accepts"], ["Pauses", "Ends"]] },
    };

    /// <param name="owner">Whose field it is.</param>
    /// <param name="name">The type of the field.</param>
    /// <param name="writers">Its words by who writes them, in the order of their places.</param>
    [Theory]
    [MemberData(nameof(Words))]
    public void Words_OfSeveralWriters_LieAPairOfLinesApart(Type owner, string name, string[][] writers)
    {
        var type = owner.GetNestedType(name, BindingFlags.NonPublic)!;
        var end = 0;
        foreach (var words in writers)
        {
            Assert.InRange(OffsetOf(type, words[0]) - end, PairOfLines, int.MaxValue);
            end = words.Max(word => OffsetOf(type, word) + SizeOf(type.GetField(word)!.FieldType));
        }

        Assert.InRange(SizeOf(type) - OffsetOf(type, writers[^1][^1]), PairOfLines, int.MaxValue);
        Assert.Equal(type.GetFields().Length, writers.Sum(words => words.Length));
        Assert.Contains(
            owner.GetFields(BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static),
            field => field.FieldType == type);
    }

    private static int OffsetOf(Type type, string field) =>
        type.GetField(field)!.GetCustomAttribute<FieldOffsetAttribute>()!.Value;

    private static int SizeOf(Type type) => (int)typeof(Unsafe)
        .GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;
}
