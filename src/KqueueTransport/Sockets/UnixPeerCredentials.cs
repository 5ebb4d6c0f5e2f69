namespace KqueueTransport.Sockets;

/// <summary>The answer of the kernel.</summary>
internal sealed record UnixPeerCredentials(int? ProcessId, uint UserId, uint GroupId) : IUnixPeerCredentialsFeature;
