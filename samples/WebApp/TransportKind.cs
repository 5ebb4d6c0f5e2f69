namespace WebApp;

internal enum TransportKind
{
    Kqueue,
    Sockets,
    SocketsInline,
}
