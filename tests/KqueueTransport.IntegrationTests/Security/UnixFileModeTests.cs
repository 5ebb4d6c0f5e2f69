using System.Globalization;
using System.Text.RegularExpressions;
using KqueueTransport.IntegrationTests.Net;

namespace KqueueTransport.IntegrationTests.Security;

/// <summary>Who may connect to a Unix socket, from its first moment on.</summary>
public sealed class UnixFileModeTests() : TransportSuite(TestTransport.KqueueAdaptive.With(
    options => options.UnixFileMode = Mode))
{
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupWrite;

    [Fact]
    public async Task Start_ModeIsSet_IsTheFiles()
    {
        var path = UnixPath.Next();

        await StartKestrelAsync(kestrel => kestrel.ListenUnixSocket(path), _ => { });

        Assert.Equal(Mode, ModeOf(path));
    }

    // Goal: nobody slips in by the mode that the umask gives. Method: the test above in a process of its own, whose
    // calls strace writes down. bind(2) makes the file, and nobody can connect before listen(2).
    [Fact]
    public async Task Start_ModeIsSet_IsSetBeforeAnybodyCanConnect()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "strace is a program of Linux.");
        var strace = Tool.Require("strace", "strace");
        var trace = Path.GetTempFileName();
        var self = Path.Combine(AppContext.BaseDirectory, typeof(UnixFileModeTests).Assembly.GetName().Name!);

        await strace.RunAsync(
            Deadline, "-f", "--seccomp-bpf", "-qq", "-o", trace, "-e", "trace=bind,listen,/chmod", self,
            "-method", $"{typeof(UnixFileModeTests).FullName}.{nameof(Start_ModeIsSet_IsTheFiles)}");

        var calls = await File.ReadAllTextAsync(trace, Deadline);
        File.Delete(trace);
        var bind = Regex.Match(calls, @"bind\((\d+), \{sa_family=AF_UNIX, sun_path=""(\S+kq-\S+\.sock)""");
        Assert.True(bind.Success, calls);
        var octal = Convert.ToString((int)Mode, toBase: 8);
        var path = Regex.Escape(bind.Groups[2].Value);
        var mode = Regex.Match(
            calls, string.Create(CultureInfo.InvariantCulture, $@"chmod\w*\(.*""{path}"", 0{octal}"));
        var listen = Regex.Match(calls, $@"listen\({bind.Groups[1].Value}, ");
        Assert.True(mode.Success && listen.Success, calls);
        Assert.Equal([bind.Index, mode.Index, listen.Index], new[] { listen.Index, mode.Index, bind.Index }.Order());
    }

    private static UnixFileMode ModeOf(string path) =>
        OperatingSystem.IsWindows() ? throw new PlatformNotSupportedException() : File.GetUnixFileMode(path);
}
