using System.Runtime.InteropServices;

namespace Kqueue.Native;

/// <summary>Finds the calls in the running process or in a named library.</summary>
internal static class KqueueLibrary
{
    /// <summary>The calls of the system's C library.</summary>
    public static KqueueCalls LoadSystem(KqueueAbi abi) =>
        Bind(NativeLibrary.GetMainProgramHandle(), "the C library", prefix: "", abi);

    /// <summary>The calls of another library.</summary>
    public static KqueueCalls Load(string library, string prefix, KqueueAbi abi) =>
        Bind(Open(library), library, prefix, abi);

    /// <summary>Loads a library, or finds it loaded.</summary>
    public static nint Open(string library) =>
        NativeLibrary.TryLoad(library, typeof(KqueueLibrary).Assembly, searchPath: null, out var handle)
            ? handle
            : throw new DllNotFoundException(
                $"The kqueue library '{library}' was not found. Give {nameof(KernelQueueOptions)}." +
                $"{nameof(KernelQueueOptions.Library)} as a full path, or a name that the dynamic loader finds.");

    private static KqueueCalls Bind(nint handle, string library, string prefix, KqueueAbi abi) => new()
    {
        Kqueue = Find(handle, library, [prefix + "kqueue"]),
        Kqueue1 = NativeLibrary.TryGetExport(handle, prefix + "kqueue1", out var kqueue1) ? kqueue1 : 0,
        Kevent = Find(handle, library, [.. abi.KeventSymbols.Select(symbol => prefix + symbol)]),

        // A kernel in a library has descriptors of its own, which only its own close can take. Without one the
        // descriptors are the process's, and the C library's close is found.
        Close = NativeLibrary.TryGetExport(handle, prefix + "close", out var close)
            ? close
            : Find(NativeLibrary.GetMainProgramHandle(), library, ["close"]),
    };

    private static nint Find(nint handle, string library, IReadOnlyList<string> symbols)
    {
        foreach (var symbol in symbols)
        {
            if (NativeLibrary.TryGetExport(handle, symbol, out var address))
            {
                return address;
            }
        }

        throw new EntryPointNotFoundException(
            $"'{library}' does not export {string.Join(" or ", symbols)}. If its names have a prefix, give it as " +
            $"{nameof(KernelQueueOptions)}.{nameof(KernelQueueOptions.SymbolPrefix)}.");
    }
}
