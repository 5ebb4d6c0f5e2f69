using System.Runtime.InteropServices;

namespace KqueueTransport.Tests.HandOver;

/// <summary>Runs code as another user, whom the kernel then names to the peers of its Unix sockets.</summary>
internal static class OtherUser
{
    private const int Nobody = 65_534;
    private const int Unchanged = -1;

    public static void SkipWhereNobodyCanBe() => Assert.SkipUnless(
        OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only root can be another user.");

    /// <summary>Runs it on a thread of its own, which ends then.</summary>
    /// <remarks>
    /// Linux keeps the user of each thread apart; it is the C library's setresuid that sets it for all threads, so this
    /// is the bare system call.
    /// </remarks>
    public static T Run<T>(Func<T> run)
    {
        T? result = default;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                var number = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 147 : 117;
                Assert.Equal(0, syscall(number, Unchanged, Nobody, Unchanged));
                result = run();
            }
            catch (Exception error)
            {
                failure = error;
            }
        });
        thread.Start();
        thread.Join();
        return failure is null ? result! : throw failure;
    }

    [DllImport("libc")]
    private static extern nint syscall(nint number, nint real, nint effective, nint saved);
}
