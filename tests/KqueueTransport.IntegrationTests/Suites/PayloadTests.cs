using System.Security.Cryptography;
using KqueueTransport.IntegrationTests.Net;
using KqueueTransport.IntegrationTests.Servers;

namespace KqueueTransport.IntegrationTests.Suites;

/// <summary>Large bodies arrive byte for byte, in both directions.</summary>
public abstract class PayloadTests(TestTransport transport) : WebAppSuite(transport)
{
    private const int LargeMiB = 64;

    [Fact]
    public async Task Big_Asked_ArrivesByteForByte()
    {
        using var client = Http.ClientFor(StartWebApp().Http);

        Assert.Equal(Pattern.OneMiB, await client.GetByteArrayAsync("/big", Deadline));
    }

    [Fact]
    public async Task Upload_OneMiB_ArrivesByteForByte()
    {
        Assert.Equal(Upload.AnswerFor(Pattern.OneMiB), await UploadAsync(new ByteArrayContent(Pattern.OneMiB)));
    }

    [Fact]
    public async Task Upload_Chunked_ArrivesByteForByte()
    {
        // A stream without a length makes HttpClient send chunks.
        var content = new StreamContent(new PatternStream(Pattern.MiB, canSeek: false));

        Assert.Equal(Upload.AnswerFor(Pattern.OneMiB), await UploadAsync(content));
    }

    [Fact]
    public async Task Upload_Empty_CountsNothing()
    {
        Assert.Equal(Upload.AnswerFor([]), await UploadAsync(new ByteArrayContent([])));
    }

    [Fact]
    public async Task Big_64MiB_ArrivesByteForByte()
    {
        using var client = Http.ClientFor(StartWebApp().Http);

        await using var body = await client.GetStreamAsync($"/big?mib={LargeMiB}", Deadline);

        Assert.Equal(await LargeHashAsync(), Convert.ToHexStringLower(await SHA256.HashDataAsync(body, Deadline)));
    }

    [Fact]
    public async Task Upload_64MiB_ArrivesByteForByte()
    {
        var length = LargeMiB * Pattern.MiB;

        var answer = await UploadAsync(new StreamContent(new PatternStream(length, canSeek: true)));

        Assert.Equal($"{length} {await LargeHashAsync()}", answer);
    }

    private async Task<string> UploadAsync(HttpContent body)
    {
        using var client = Http.ClientFor(StartWebApp().Http);
        using var content = body;
        using var response = await client.PostAsync("/upload?hash=true", content, Deadline);
        return await response.Content.ReadAsStringAsync(Deadline);
    }

    private async Task<string> LargeHashAsync()
    {
        await using var expected = new PatternStream(LargeMiB * Pattern.MiB, canSeek: true);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(expected, Deadline));
    }
}
