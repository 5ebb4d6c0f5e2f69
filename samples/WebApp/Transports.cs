namespace WebApp;

/// <summary>Puts the chosen transport under Kestrel and says what it is.</summary>
internal static class Transports
{
    public static void Use(IWebHostBuilder webHost, WebAppOptions options)
    {
        switch (options.Transport)
        {
            case TransportKind.Kqueue:
                throw new NotSupportedException("the kqueue transport is not built in; write --transport sockets.");
            case TransportKind.SocketsInline:
                webHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
                break;
            default:
                webHost.UseSockets();
                break;
        }
    }

    public static string Describe(WebAppOptions options) => options.Transport switch
    {
        TransportKind.SocketsInline => "Kestrel Sockets, inline (no loops, --scheduling does not apply)",
        _ => "Kestrel Sockets, thread pool (no loops, --scheduling does not apply)",
    };
}
