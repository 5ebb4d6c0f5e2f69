using System.Reflection;
using System.Runtime.InteropServices;
using Kqueue;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Tests.Sockets;

/// <summary>
/// No native call hands an argument in place of C's dots. On macOS arm64 those lie on the stack, where a declaration
/// with a fixed parameter does not put them (dotnet/runtime#48796). fcntl(2) and whatever else a socket needs is called
/// by the framework's <see cref="System.Net.Sockets.Socket"/>, whose native half is C.
/// </summary>
public sealed class VariadicCallsTests
{
    private static readonly string[] s_variadic =
        ["fcntl", "ioctl", "open", "openat", "syscall", "prctl", "semctl", "sem_open", "shm_open", "mq_open", "execl"];

    [Fact]
    public void Functions_OfASocketLibrary_TakeNoVariadicArgument()
    {
        var functions = typeof(SocketFunctions).GetFields(BindingFlags.Instance | BindingFlags.NonPublic)
            .Where(field => field.FieldType.IsFunctionPointer)
            .ToDictionary(field => field.Name[1..], field => field.FieldType.GetFunctionPointerParameterTypes());

        Assert.Equal(["ioctl"], functions.Keys.Intersect(s_variadic));
        Assert.Equal([typeof(int), typeof(nuint)], functions["ioctl"]); // FIOCLEX takes none.
    }

    [Fact]
    public void Declarations_OfVariadicFunctions_AreTheEpollBackendsAlone()
    {
        var declared = new[] { typeof(KernelQueue).Assembly, typeof(KqueueTransportOptions).Assembly }
            .SelectMany(assembly => assembly.GetTypes())
            .SelectMany(type => type.GetMethods(
                BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Select(method => (Method: method, Import: method.GetCustomAttribute<DllImportAttribute>()))
            .Where(call => call.Import is not null && s_variadic.Contains(call.Import.EntryPoint ?? call.Method.Name));

        // Linux's ABIs pass them as any other. "ioctl" asks a descriptor of the queue, "syscall" is epoll_pwait2;
        // "open", without a mode and on Linux alone, reads what a thread has waited for a core.
        Assert.All(declared, call => Assert.Equal("Kqueue.Interop.Libc", call.Method.DeclaringType!.FullName));
        Assert.Equal(["ioctl", "open", "syscall"], declared.Select(call => call.Method.Name).Order());
    }
}
