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
        // A flush of a writer straight over the stream may not be cancelled: nobody knows what of it has gone then.
        private readonly Pipe _output = new();
        private readonly NetworkStream _stream;
        private readonly Task _sending;

        public Pipes(Socket socket)
        {
            _stream = new NetworkStream(socket, ownsSocket: true);
            Input = PipeReader.Create(_stream, new StreamPipeReaderOptions(bufferSize: BufferBytes, leaveOpen: true));
            _sending = SendAsync();
        }

        public PipeReader Input { get; }

        public PipeWriter Output => _output.Writer;

        public ValueTask EndOutputAsync() => Output.CompleteAsync();

        public void Abort() => _stream.Socket.Close(timeout: 0);

        public async ValueTask DisposeAsync()
        {
            await Output.CompleteAsync();
            await _sending;
            await _stream.DisposeAsync();
        }

        private async Task SendAsync()
        {
            try
            {
                await _output.Reader.CopyToAsync(_stream);
                _stream.Socket.Shutdown(SocketShutdown.Send);
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
            {
                // Whoever writes sees it: the reader has completed.
            }

            await _output.Reader.CompleteAsync();
        }
    }
}
