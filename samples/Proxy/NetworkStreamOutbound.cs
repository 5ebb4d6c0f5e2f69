using System.IO.Pipelines;
using System.Net.Sockets;

namespace Proxy;

/// <summary>Outbound connections as everybody makes them: a Socket, its NetworkStream, and pipes over that.</summary>
internal sealed class NetworkStreamOutbound(Target target) : IOutbound
{
    private const int BufferBytes = 64 * 1024;

    public async Task<OutboundConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(target.EndPoint, cancellationToken);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var pipes = new Pipes(socket);
        return new OutboundConnection(pipes, pipes.EndOutputAsync, pipes.Abort, pipes, CancellationToken.None);
    }

    private sealed class Pipes : IDuplexPipe, IAsyncDisposable
    {
        private readonly NetworkStream _stream;

        public Pipes(Socket socket)
        {
            _stream = new NetworkStream(socket, ownsSocket: true);
            Input = PipeReader.Create(_stream, new StreamPipeReaderOptions(bufferSize: BufferBytes, leaveOpen: true));
            Output = PipeWriter.Create(_stream, new StreamPipeWriterOptions(leaveOpen: true));
        }

        public PipeReader Input { get; }

        public PipeWriter Output { get; }

        public ValueTask EndOutputAsync()
        {
            _stream.Socket.Shutdown(SocketShutdown.Send);
            return default;
        }

        public void Abort() => _stream.Socket.Close(timeout: 0);

        public ValueTask DisposeAsync() => _stream.DisposeAsync();
    }
}
