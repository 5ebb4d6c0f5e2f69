using System.Runtime.CompilerServices;
using System.Text;
using Kqueue.Interop;
using Kqueue.Tests.Infrastructure;

namespace Kqueue.Tests.Abi;

/// <summary>What the library declares for Linux against the headers of this machine, by its C compiler.</summary>
public sealed class CompilerTests
{
    private const string Includes = """
        #define _GNU_SOURCE
        #include <stddef.h>
        #include <poll.h>
        #include <time.h>
        #include <netinet/in.h>
        #include <linux/tcp.h>
        #include <linux/sockios.h>
        #include <sys/epoll.h>
        #include <sys/eventfd.h>
        #include <sys/inotify.h>
        #include <sys/ioctl.h>
        #include <sys/socket.h>
        #include <sys/stat.h>
        #include <sys/syscall.h>
        #include <sys/wait.h>
        #define SYS_EPOLL_PWAIT2 SYS_epoll_pwait2
        """;

    [Fact]
    public async Task Declarations_CompiledAsStaticAssertions_Hold()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the declarations are Linux's");
        Assert.SkipWhen(CCompiler.Missing is not null, CCompiler.Missing ?? "");

        var errors = await CCompiler.CheckAsync(Program(), TestContext.Current.CancellationToken);

        Assert.Equal("", errors);
    }

    private static string Program()
    {
        var program = new StringBuilder(Includes).AppendLine();
        foreach (var (name, value) in LibcConstants.All)
        {
            Add($"(long long)({name}) == {value}LL || (unsigned)({name}) == {unchecked((uint)value)}u", name);
        }

        Add($"sizeof(struct epoll_event) == {EpollEventList.EntryBytes}", "epoll_event");
        Add($"offsetof(struct epoll_event, data) == {EpollEventList.DataOffset}", "epoll_event.data");
        Add($"sizeof(struct timespec) == {Unsafe.SizeOf<TimeSpec>()}", "timespec");
        Add("sizeof(struct pollfd) == 8 && offsetof(struct pollfd, revents) == 6", "pollfd");
        Add("offsetof(struct tcp_info, tcpi_unacked) == 24", "tcp_info.tcpi_unacked");
        Add("sizeof(struct inotify_event) == 16 && offsetof(struct inotify_event, len) == 12", "inotify_event");
        Add("sizeof(struct stat) <= 256 && offsetof(struct stat, st_size) == 48", "stat.st_size");
        Add("sizeof(siginfo_t) == 128 && offsetof(siginfo_t, si_code) == 8", "siginfo_t");
        Add("offsetof(siginfo_t, si_pid) == 16 && offsetof(siginfo_t, si_status) == 24", "siginfo_t.si_status");
        Add("SYS_pidfd_open == 434", "SYS_pidfd_open");
        foreach (var bit in new[] { "IN", "PRI", "OUT", "HUP", "RDHUP" })
        {
            Add($"POLL{bit} == EPOLL{bit}", $"POLL{bit}");
        }

        return program.AppendLine("int main(void) { return 0; }").ToString();

        void Add(string condition, string what) => program.AppendLine($"_Static_assert({condition}, \"{what}\");");
    }
}
