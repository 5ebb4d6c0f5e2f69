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
internal sealed class EndPointSelector(KqueueTransportOptions options, ILogger logger)
{
    private bool _hasSaidSo;

    public bool CanBind(EndPoint endPoint)
    {
        if (endPoint is not (IPEndPoint or UnixDomainSocketEndPoint or FileHandleEndPoint or VsockEndPoint))
        {
            return false;
        }

        if (options is { Enabled: true, Backend.IsPresent: true })
        {
            return true;
        }

        if (!Interlocked.Exchange(ref _hasSaidSo, true))
        {
            if (options.Enabled)
            {
                TransportLog.NoBackend(logger, options.Backend.MissingBecause);
            }
            else
            {
                TransportLog.SwitchedOff(logger);
            }
        }

        return false;
    }
}
