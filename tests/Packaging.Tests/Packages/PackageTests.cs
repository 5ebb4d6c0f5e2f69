using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Packaging.Tests.Packages;

/// <summary>What somebody gets who has the packages and nothing else of this repository.</summary>
public sealed partial class PackageTests(PackageFeed feed) : IClassFixture<PackageFeed>, IDisposable
{
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromMinutes(3));

    public void Dispose() => _deadline.Dispose();

    [Theory]
    [InlineData("Kqueue")]
    [InlineData("KqueueTransport")]
    public void Package_Any_HasWhatItsReaderNeeds(string package)
    {
        using var archive = feed.Open(package, "nupkg");
        using var symbols = feed.Open(package, "snupkg");

        Assert.Superset(
            new HashSet<string>(
                ["README.md", "CHANGELOG.md", "icon.png", $"lib/net10.0/{package}.dll", $"lib/net10.0/{package}.xml"]),
            NamesIn(archive));
        Assert.Contains($"lib/net10.0/{package}.pdb", NamesIn(symbols));
        var specification = ReadText(archive.GetEntry($"{package}.nuspec")!);
        Assert.Contains("<license type=\"expression\">MIT</license>", specification, StringComparison.Ordinal);
        Assert.Contains("<readme>README.md</readme>", specification, StringComparison.Ordinal);
        Assert.Contains("<icon>icon.png</icon>", specification, StringComparison.Ordinal);
        Assert.Contains($"<projectUrl>{PackageFeed.Address}</projectUrl>", specification, StringComparison.Ordinal);
        Assert.Contains(
            $"<repository type=\"git\" url=\"{PackageFeed.Address}\"", specification, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Kqueue")]
    [InlineData("KqueueTransport")]
    public void Links_OfThePackagesPages_LeadIntoThePackage(string package)
    {
        using var archive = feed.Open(package, "nupkg");
        var names = NamesIn(archive);
        var broken =
            from page in archive.Entries
            where page.Name.EndsWith(".md", StringComparison.Ordinal)
            from Match link in Link().Matches(ReadText(page))
            let path = Path.GetFullPath(link.Groups["path"].Value, Path.Join("/", Path.GetDirectoryName(page.FullName)))
            where !names.Contains(path[1..])
            select $"{page.FullName}: {link.Value}";

        Assert.Empty(broken);
    }

    [Fact]
    public async Task WebProject_OneLineAdded_AnswersOverTheTransport()
    {
        var project = await feed.CreateProjectAsync("web", "KqueueTransport", _deadline.Token);
        project.AddLineBehind(
            "var builder = WebApplication.CreateBuilder(args);", "builder.WebHost.UseKqueueTransport();");

        await using var app = await project.StartAsync(
            _deadline.Token,
            ["--urls", "http://127.0.0.1:0"],
            new Dictionary<string, string> { ["Logging__LogLevel__KqueueTransport"] = "Debug" });
        var address = Address().Match(await app.ReadLineWithAsync("Now listening on", _deadline.Token)).Value;
        using (var client = new HttpClient())
        {
            Assert.Equal("Hello World!", await client.GetStringAsync(new Uri(address), _deadline.Token));
        }

        // The transport's own word for the end of the client's connection.
        await app.ReadLineWithAsync("KqueueTransport[6]", _deadline.Token);
    }

    [Fact]
    public async Task ReadmesPrograms_AsWritten_DoWhatTheySay()
    {
        var readme = await File.ReadAllTextAsync(Repository.PathOf("src", "Kqueue", "README.md"), _deadline.Token);
        var sources = Program().Matches(readme).Select(program => program.Groups["source"].Value).ToArray();
        var project = await feed.CreateProjectAsync("console", "Kqueue", _deadline.Token);

        project.WriteProgram(sources[0]);
        FinishedProcess end;
        do
        {
            // It ends with its third tick, and the words may come later.
            end = await RunAsync(project, input: "words");
            Assert.Equal((0, ""), (end.ExitCode, end.Errors));
            Assert.Contains("tick\n", end.Output, StringComparison.Ordinal);
        }
        while (!end.Output.Contains("bytes", StringComparison.Ordinal));

        Assert.Contains("5 bytes can be read\n", end.Output, StringComparison.Ordinal);

        project.WriteProgram(sources[1]);
        await using var loop = await project.StartAsync(_deadline.Token);
        end = await loop.WaitForEndAsync(_deadline.Token);
        Assert.Equal((0, "on the loop\n", ""), (end.ExitCode, end.Output, end.Errors));

        project.WriteProgram(sources[2]);
        await using var echo = await project.StartAsync(_deadline.Token, ["0"]);
        var endPoint = IPEndPoint.Parse((await echo.ReadLineWithAsync("listening on", _deadline.Token)).Split(' ')[^1]);
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(endPoint, _deadline.Token);
        await client.SendAsync("words"u8.ToArray(), _deadline.Token);
        var answer = new byte[5];
        Assert.Equal(5, await client.ReceiveAsync(answer, _deadline.Token));
        Assert.Equal("words"u8, answer);
        Assert.Equal(3, sources.Length);
    }

    private async Task<FinishedProcess> RunAsync(NewProject project, string input)
    {
        await using var program = await project.StartAsync(_deadline.Token);
        try
        {
            await program.Input.WriteAsync(input);
        }
        catch (IOException)
        {
            // It has ended already.
        }

        return await program.WaitForEndAsync(_deadline.Token);
    }

    private static HashSet<string> NamesIn(ZipArchive archive) => [.. archive.Entries.Select(entry => entry.FullName)];

    private static string ReadText(ZipArchiveEntry entry)
    {
        using var reader = new StreamReader(entry.Open());
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"http://\S+")]
    private static partial Regex Address();

    [GeneratedRegex(@"\]\((?!https?:)(?<path>[^)#\s]+)")]
    private static partial Regex Link();

    [GeneratedRegex(@"```csharp\n(?<source>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Program();
}
