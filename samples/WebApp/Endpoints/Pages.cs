using System.Text.Json.Serialization;

namespace WebApp.Endpoints;

/// <summary>The start page and the two small answers that load tools ask for.</summary>
internal static class Pages
{
    // Bytes and their length, not a string: nothing to encode and no chunks.
    private static readonly ReadOnlyMemory<byte> s_hello = "Hello, World!"u8.ToArray();

    public static void MapPages(this WebApplication app, WebAppOptions options)
    {
        var page = StartPage(Transports.Describe(options, app.Services));
        app.MapGet("/", () => Results.Content(page, "text/html; charset=utf-8"));
        app.MapGet("/plaintext", SayHello);
        app.MapGet("/json", () => new JsonMessage("Hello, World!"));
    }

    private static ValueTask SayHello(HttpResponse response)
    {
        response.ContentType = "text/plain";
        response.ContentLength = s_hello.Length;
        return response.Body.WriteAsync(s_hello);
    }

    private static string StartPage(string transport) =>
        $"""
        <!DOCTYPE html>
        <html lang="en">
        <head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>WebApp</title></head>
        <body>
        <h1>ASP.NET Core on {transport}</h1>
        <p><a href="/dashboard">/dashboard</a> draws what this server does.</p>
        <ul>
        <li><a href="/plaintext">/plaintext</a>, <a href="/json">/json</a>: small answers</li>
        <li><a href="/big">/big</a>: 1 MiB, or <code>?mib=N</code>; <code>POST /upload</code>: counts the body</li>
        <li><a href="/block?ms=20">/block?ms=20</a>: blocks its thread</li>
        <li><a href="/delay?ms=100">/delay?ms=100</a>: awaits</li>
        <li><code>/ws</code>: WebSocket echo; <a href="/events?count=5">/events?count=5</a>: server-sent events</li>
        </ul>
        </body>
        </html>
        """;
}

internal sealed record JsonMessage(string Message);

[JsonSerializable(typeof(JsonMessage))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class JsonMessageContext : JsonSerializerContext;
