using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;

namespace KqueueTransport.FrameworkTests.Web;

/// <summary>Static files and forms by the hundred megabytes.</summary>
public abstract class LargeBodyTests(TestTransport transport) : TransportSuite(transport)
{
    private const int UploadBytes = 100_000_000;

    [Fact]
    public async Task StaticFile_Of500MB_ArrivesByteForByte()
    {
        using var client = Http.ClientFor((await ServeFilesAsync()).EndPoint);

        using var response = await client.GetAsync(
            $"/{LargeFile.Name}", HttpCompletionOption.ResponseHeadersRead, Deadline);

        Assert.Equal(LargeFile.Length, response.Content.Headers.ContentLength);
        await using var expected = new PatternStream(LargeFile.Length, canSeek: false);
        await using var actual = await response.Content.ReadAsStreamAsync(Deadline);
        Assert.True(await StreamsEqual.CompareAsync(expected, actual, Deadline));
    }

    [Fact]
    public async Task StaticFile_RangeOfIt_ArrivesAlone()
    {
        const int From = 300_000_000;
        using var client = Http.ClientFor((await ServeFilesAsync()).EndPoint);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/{LargeFile.Name}");
        request.Headers.Range = new(From, From + 99_999);

        using var response = await client.SendAsync(request, Deadline);

        Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
        Assert.Equal(
            Pattern.OneMiB.AsSpan(From % Pattern.MiB, 100_000).ToArray(),
            await response.Content.ReadAsByteArrayAsync(Deadline));
    }

    [Fact]
    public async Task StaticFile_ClientsLeaveInTheMiddle_OthersAreServed()
    {
        var server = await ServeFilesAsync();
        for (var i = 0; i < 20; i++)
        {
            using var raw = await ConnectAsync(server.EndPoint);
            await raw.SendAsync($"GET /{LargeFile.Name} HTTP/1.1\r\nHost: a\r\n\r\n");
            await raw.ReceiveAsync(100_000);
            raw.SendReset();
        }

        using var client = Http.ClientFor(server.EndPoint);
        using var response = await client.GetAsync("/another", Deadline);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task Multipart_Of100MB_ArrivesByteForByte()
    {
        var server = await StartKestrelAsync(
            kestrel =>
            {
                kestrel.Limits.MaxRequestBodySize = null;
                kestrel.Listen(IPAddress.Loopback, 0);
            },
            app => app.Run(AnswerWithHashAsync),
            builder => builder.Services.Configure<FormOptions>(
                options => options.MultipartBodyLengthLimit = 2 * UploadBytes));
        using var client = Http.ClientFor(server.EndPoint);
        await using var file = new PatternStream(UploadBytes, canSeek: false);
        using var content = new MultipartFormDataContent
        {
            { new StringContent("a word"), "word" },
            { new StreamContent(file, Pattern.MiB), "file", "file.bin" },
        };

        using var response = await client.PostAsync("/", content, Deadline);

        await using var expected = new PatternStream(UploadBytes, canSeek: false);
        Assert.Equal(
            $"a word, {UploadBytes}, {Convert.ToHexString(await SHA256.HashDataAsync(expected, Deadline))}",
            await response.Content.ReadAsStringAsync(Deadline));
    }

    private static async Task AnswerWithHashAsync(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var file = form.Files.Single();
        await using var content = file.OpenReadStream();
        var hash = Convert.ToHexString(await SHA256.HashDataAsync(content, context.RequestAborted));
        await context.Response.WriteAsync(
            string.Create(CultureInfo.InvariantCulture, $"{form["word"]}, {file.Length}, {hash}"));
    }

    private Task<KestrelHost> ServeFilesAsync() => StartKestrelAsync(
        kestrel => kestrel.Listen(IPAddress.Loopback, 0),
        app => app.UseStaticFiles(
            new StaticFileOptions { FileProvider = new PhysicalFileProvider(LargeFile.Folder) }));
}
