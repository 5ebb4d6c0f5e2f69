using FileSwarm.Wire;

namespace FileSwarm.Net;

/// <summary>What a link tells its owner. Called on the loop.</summary>
internal interface ILinkOwner
{
    /// <summary>A message came.</summary>
    /// <param name="header">Its header.</param>
    /// <param name="frame">All of it; valid during the call only.</param>
    void OnMessage(MessageHeader header, ReadOnlyMemory<byte> frame);

    /// <summary>A datagram came that is no message. It is dropped, and the link goes on.</summary>
    void OnMalformedDatagram(string reason);

    /// <summary>The stream has ended, and with it the session. Called once.</summary>
    /// <param name="reason">Why, as the end of a sentence that begins with the peer.</param>
    void OnLost(string reason);
}
