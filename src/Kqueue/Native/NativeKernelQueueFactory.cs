namespace Kqueue.Native;

/// <summary>Puts a layout's name, its numbers and its struct together.</summary>
internal static class NativeKernelQueueFactory
{
    private static readonly KqueueAbi[] s_abis =
        [KqueueAbi.Darwin, KqueueAbi.FreeBsd, KqueueAbi.NetBsd, KqueueAbi.Libkqueue];

    public static KqueueAbi AbiOf(string layout) =>
        Array.Find(s_abis, abi => abi.Name == layout) ?? throw new ArgumentException(
            $"'{layout}' is no layout. Write {string.Join(", ", s_abis.Select(abi => abi.Name))}.", nameof(layout));

    public static KernelQueue Create(KqueueAbi abi, KqueueCalls calls) => abi.Name switch
    {
        "freebsd" => new NativeKernelQueue<FreeBsdKEvent>(abi, calls),
        "netbsd" => new NativeKernelQueue<NetBsdKEvent>(abi, calls),
        _ => new NativeKernelQueue<DarwinKEvent>(abi, calls),
    };
}
