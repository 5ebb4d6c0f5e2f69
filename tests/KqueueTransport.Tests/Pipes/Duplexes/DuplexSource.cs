namespace KqueueTransport.Tests.Pipes.Duplexes;

/// <summary>One implementation of the reader and writer, and how it may differ from the others.</summary>
public abstract class DuplexSource
{
    public abstract ValueTask<Duplex> OpenAsync(DuplexOptions options);

    /// <summary>Bytes that one read/write round trip may allocate once warm; below one object means none.</summary>
    public virtual int AllocatedBytesPerRoundTripMax => 0;
}
