using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Tests.Pipes.Duplexes;

/// <summary>What a suite may ask of the duplex under test.</summary>
public sealed record DuplexOptions
{
    /// <summary>Kestrel's default: the input pauses receiving at 1 MiB.</summary>
    public const int DefaultMaxReadBufferSize = 1024 * 1024;

    /// <summary>Kestrel's default: a flush pends at 64 KiB.</summary>
    public const int DefaultMaxWriteBufferSize = 64 * 1024;

    public int MaxReadBufferSize { get; init; } = DefaultMaxReadBufferSize;

    public int MaxWriteBufferSize { get; init; } = DefaultMaxWriteBufferSize;

    /// <summary>Where the segments come from; null leaves the choice to the transport.</summary>
    public IMemoryPoolFactory<byte>? MemoryPoolFactory { get; init; }

    /// <summary>Where the transport's messages go, if anywhere.</summary>
    public ILoggerProvider? Log { get; init; }
}
