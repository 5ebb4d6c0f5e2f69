namespace FileSwarm.Server;

/// <summary>Where the chunks that a server has sent came from. Written on the loop, read at the end.</summary>
internal sealed class ServerCounters
{
    /// <summary>From the file: the shares, and what nobody else had.</summary>
    public long FromFile { get; set; }

    public long FromCache { get; set; }

    /// <summary>Clients that were served by a chunk that was just relayed.</summary>
    public long FromRelays { get; set; }

    /// <summary>Chunks that clients were asked for, and asked for again.</summary>
    public long RelaysAsked { get; set; }

    public long RelaysAskedAgain { get; set; }

    public override string ToString() =>
        $"{FromFile:N0} chunks from the file, {FromCache:N0} from the cache, " +
        $"{FromRelays:N0} through {RelaysAsked:N0} relays ({RelaysAskedAgain:N0} asked again)";
}
