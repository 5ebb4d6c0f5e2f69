using System.Diagnostics.CodeAnalysis;

namespace KqueueTransport.Connections;

/// <summary>What a reader or writer throws when it is misused: the exception types of System.IO.Pipelines.</summary>
internal static class PipeErrors
{
    /// <summary>Two reads, or two flushes, at a time.</summary>
    public static InvalidOperationException Concurrent() =>
        new("Concurrent reads or writes are not supported.");

    [DoesNotReturn]
    public static void ThrowNotCompleted() =>
        throw new InvalidOperationException("The result of a read or a flush is not there before its end.");

    [DoesNotReturn]
    public static void ThrowReaderCompleted() =>
        throw new InvalidOperationException("The reader is completed: no reading is allowed after that.");

    [DoesNotReturn]
    public static void ThrowWriterCompleted() =>
        throw new InvalidOperationException("The writer is completed: no writing is allowed after that.");

    [DoesNotReturn]
    public static void ThrowReadInProgress() =>
        throw new InvalidOperationException("A read is in progress: call AdvanceTo before the next one.");

    [DoesNotReturn]
    public static void ThrowNoRead() =>
        throw new InvalidOperationException("No read is in progress: AdvanceTo comes after a read, and once.");

    [DoesNotReturn]
    public static void ThrowInvalidPosition() =>
        throw new InvalidOperationException(
            "The positions are out of order or not of this read: consumed <= examined <= end.");

    [DoesNotReturn]
    public static void ThrowAdvanceTooFar(int bytes) =>
        throw new ArgumentOutOfRangeException(
            nameof(bytes), bytes, "Cannot advance beyond the memory that GetMemory returned, or by less than 0.");
}
