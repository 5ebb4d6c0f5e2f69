using System.Security.Cryptography;

namespace KqueueTransport.IntegrationTests.Net;

/// <summary>What samples/WebApp's /upload?hash=true answers.</summary>
internal static class Upload
{
    public static string AnswerFor(ReadOnlySpan<byte> body) =>
        $"{body.Length} {Convert.ToHexStringLower(SHA256.HashData(body))}";
}
