using System.Net;
using System.Runtime.InteropServices;
using Kqueue.Tests.Native;

namespace KqueueTransport.IntegrationTests.Kernels;

/// <summary>
/// A kernel that takes READ or WRITE of a descriptor, and not both, cannot serve a connection whose peer does not
/// read: the server does not start, and says what to use instead.
/// </summary>
public sealed class OneFilterTests() : TransportSuite(TestTransport.KqueueAdaptive)
{
    [Fact]
    public async Task Start_PlayedKernel_IsRefusedWithWhatToUseInstead()
    {
        var backend = new PlayedBackend("libkqueue") { Kernel = PlayedKernel.OneFilterLibkqueue };

        AssertIsRefusal(await FailureOfAsync(options => options.Backend = backend));
    }

    [Fact]
    public async Task Start_LibkqueueOfDebian_IsRefusedWithWhatToUseInstead()
    {
        const string Library = "libkqueue.so.0";
        Assert.SkipUnless(NativeLibrary.TryLoad(Library, out _), $"{Library} is not installed");

        AssertIsRefusal(await FailureOfAsync(options =>
        {
            options.KernelQueue.Library = Library;
            options.KernelQueue.Layout = "libkqueue";
        }));
    }

    private static void AssertIsRefusal(Exception? failure)
    {
        var refusal = Assert.IsType<PlatformNotSupportedException>(failure);
        Assert.StartsWith("kqueue (libkqueue) takes one filter", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Leave KernelQueueOptions.Library out", refusal.Message, StringComparison.Ordinal);
    }

    private async Task<Exception?> FailureOfAsync(Action<KqueueTransportOptions> configure) =>
        await Record.ExceptionAsync(() => KestrelHost.StartAsync(
            Transport.With(configure),
            Log,
            kestrel => kestrel.Listen(IPAddress.Loopback, 0),
            _ => { },
            configure: null,
            Deadline));
}
