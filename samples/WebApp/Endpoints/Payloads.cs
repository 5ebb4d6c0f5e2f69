using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Security.Cryptography;

namespace WebApp.Endpoints;

/// <summary>Large bodies in both directions.</summary>
internal static class Payloads
{
    private const int MiB = 1 << 20;
    private const int MaxMiB = 1024;

    // A period that divides no block size, so that a lost, doubled or swapped block shows.
    private static readonly byte[] s_payload = [.. Enumerable.Range(0, MiB).Select(i => (byte)(i % 251))];

    public static void MapPayloads(this WebApplication app)
    {
        app.MapGet("/big", SendAsync);
        app.MapPost("/upload", (HttpRequest request, bool? hash) => ReceiveAsync(request.BodyReader, hash ?? false));
    }

    private static async Task SendAsync(HttpResponse response, int? mib)
    {
        var blocks = Math.Clamp(mib ?? 1, 0, MaxMiB);
        response.ContentType = "application/octet-stream";
        response.ContentLength = (long)blocks * MiB;
        for (var i = 0; i < blocks; i++)
        {
            await response.BodyWriter.WriteAsync(s_payload);
        }
    }

    private static async Task<string> ReceiveAsync(PipeReader body, bool hash)
    {
        using var sha = hash ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
        var count = 0L;
        while (true)
        {
            var read = await body.ReadAsync();
            count += read.Buffer.Length;
            Append(sha, read.Buffer);
            body.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                var length = count.ToString(CultureInfo.InvariantCulture);
                return sha is null ? length : $"{length} {Convert.ToHexStringLower(sha.GetHashAndReset())}";
            }
        }
    }

    private static void Append(IncrementalHash? hash, in ReadOnlySequence<byte> bytes)
    {
        if (hash is null)
        {
            return;
        }

        foreach (var segment in bytes)
        {
            hash.AppendData(segment.Span);
        }
    }
}
