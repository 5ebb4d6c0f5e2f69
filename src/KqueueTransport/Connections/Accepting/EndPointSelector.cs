using System.Net;
using System.Net.Sockets;
using KqueueTransport.Diagnostics;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Connections.Accepting;

/// <summary>
/// Says which endpoints this transport binds. What it declines goes to the transport that was registered before it,
/// which is Kestrel's Sockets transport in an ordinary application.
/// </summary>
internal sealed class EndPointSelector(BackendSupport backend, ILogger logger)
{
    private bool _warned;

    public bool CanBind(EndPoint endPoint)
    {
        if (endPoint is not (IPEndPoint or UnixDomainSocketEndPoint or FileHandleEndPoint))
        {
            return false;
        }

        if (!backend.IsPresent && !Interlocked.Exchange(ref _warned, true))
        {
            TransportLog.NoBackend(logger, backend.MissingBecause);
        }

        return backend.IsPresent;
    }
}
