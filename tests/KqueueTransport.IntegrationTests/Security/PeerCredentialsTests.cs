using KqueueTransport.IntegrationTests.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace KqueueTransport.IntegrationTests.Security;

/// <summary>A server that serves one user's processes only, as the package's README shows it.</summary>
public sealed class PeerCredentialsTests() : TransportSuite(TestTransport.KqueueAdaptive.With(
    options => options.UnixFileMode = (UnixFileMode)0b110_110_110))
{
    private const string Nobody = "65534";

    [Fact]
    public async Task Request_OfTheSameUser_IsServed()
    {
        var (path, allowed) = await ServeOneUserAsync();
        var curl = Tool.Require("curl", "curl");

        var printed = await curl.RunAsync(
            Deadline, "-s", "-w", "%{http_code}", "--unix-socket", path, "http://server/");

        Assert.Equal($"hello {allowed}200", printed);
    }

    [Fact]
    public async Task Request_OfAnotherUser_IsForbidden()
    {
        Assert.SkipUnless(
            OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only root can be another user.");
        var (path, _) = await ServeOneUserAsync();
        var curl = Tool.Require("curl", "curl");

        var printed = await Tool.Require("setpriv", "util-linux").RunAsync(
            Deadline, "--reuid", Nobody, "--regid", Nobody, "--clear-groups",
            curl.Path, "-s", "-w", "%{http_code}", "--unix-socket", path, "http://server/");

        Assert.Equal("403", printed);
    }

    private async Task<(string Path, uint Allowed)> ServeOneUserAsync()
    {
        var path = UnixPath.Next();
        var allowed = await OwnUserAsync();
        await StartKestrelAsync(
            kestrel => kestrel.ListenUnixSocket(path),
            app =>
            {
                app.Use((context, next) =>
                {
                    if (context.Features.Get<IUnixPeerCredentialsFeature>()?.UserId == allowed)
                    {
                        return next(context);
                    }

                    context.Response.StatusCode = StatusCodes.Status403Forbidden;
                    return Task.CompletedTask;
                });
                app.Run(context => context.Response.WriteAsync(
                    $"hello {context.Features.Get<IUnixPeerCredentialsFeature>()!.UserId}"));
            });
        return (path, allowed);
    }

    private async Task<uint> OwnUserAsync() =>
        uint.Parse((await Tool.Require("id", "coreutils").RunAsync(Deadline, "-u")).Trim(), null);
}
