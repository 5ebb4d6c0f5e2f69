namespace Kqueue.Tests;

public sealed class KernelResultTests
{
    [Fact]
    public void GetValueOrThrow_Success_IsTheValue() =>
        Assert.Equal(7, KernelResult.Success(7).GetValueOrThrow());

    [Fact]
    public void GetValueOrThrow_Failure_ThrowsTheErrorUnderItsName()
    {
        var error = Assert.Throws<KernelQueueException>(() => KernelResult.Failure(Errno.EMFILE).GetValueOrThrow());

        Assert.Equal(Errno.EMFILE, error.Error);
        Assert.Contains(nameof(Errno.EMFILE), error.Message, StringComparison.Ordinal);
    }
}
