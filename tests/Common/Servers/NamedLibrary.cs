using Kqueue;

namespace Common.Servers;

/// <summary>
/// The library that KQUEUE_LIBRARY, KQUEUE_PREFIX and KQUEUE_LAYOUT name, whose kernel then stands under every suite on
/// this transport, in this process and in those that tests start. Only tests read these variables.
/// </summary>
internal static class NamedLibrary
{
    private static readonly string? s_library = Read("KQUEUE_LIBRARY");
    private static readonly string? s_prefix = Read("KQUEUE_PREFIX");
    private static readonly string? s_layout = Read("KQUEUE_LAYOUT");

    /// <summary>What samples/WebApp takes from its environment.</summary>
    public static IReadOnlyDictionary<string, string> Environment { get; } =
        new (string Name, string? Value)[]
        {
            (nameof(KernelQueueOptions.Library), s_library),
            (nameof(KernelQueueOptions.SymbolPrefix), s_prefix),
            (nameof(KernelQueueOptions.Layout), s_layout),
        }
        .Where(option => s_library is not null && option.Value is not null)
        .ToDictionary(option => $"Kqueue__KernelQueue__{option.Name}", option => option.Value!);

    public static void Set(KernelQueueOptions options)
    {
        if (s_library is not null)
        {
            options.Library = s_library;
            options.SymbolPrefix = s_prefix ?? "";
            options.Layout = s_layout;
        }
    }

    private static string? Read(string name) =>
        System.Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
