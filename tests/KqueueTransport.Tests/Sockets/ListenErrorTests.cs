using System.Net;
using System.Net.Sockets;
using KqueueTransport.Sockets.Listening;

namespace KqueueTransport.Tests.Sockets;

/// <summary>What a failure to listen says when an option is the cause, on systems that are not at hand.</summary>
public sealed class ListenErrorTests
{
    // Stock FreeBSD: EPERM for the one, ENOENT for the other.
    [Theory]
    [InlineData(nameof(KqueueEndPointOptions.FastOpenQueueLength), SocketError.AccessDenied, "fastopen.server_enable")]
    [InlineData(nameof(KqueueEndPointOptions.DeferAccept), SocketError.AddressNotAvailable, "accf_data")]
    [InlineData(nameof(KqueueEndPointOptions.SendBufferSize), SocketError.NoBufferSpaceAvailable, "another value")]
    public void Explain_AnOptionCouldNotBeSet_NamesIt(string option, SocketError code, string hint)
    {
        var error = new SocketException((int)code);
        ListenError.NameOption(error, option);

        var explained = ListenError.Explain(error, new IPEndPoint(IPAddress.Loopback, 80));

        Assert.Contains(option, explained.Message, StringComparison.Ordinal);
        Assert.Contains(hint, explained.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("1024", explained.Message, StringComparison.Ordinal);
    }
}
