using System.Reflection;
using Kqueue.Interop;

namespace Kqueue.Tests.Abi;

/// <summary>Every constant that the library declares under a native name.</summary>
internal static class LibcConstants
{
    public static IReadOnlyList<(string Name, long Value)> All { get; } =
    [
        .. typeof(Libc).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(field => field.IsLiteral)
            .Select(field => (field.Name.ToUpperInvariant(), ValueOf(field))),
    ];

    private static long ValueOf(FieldInfo field) => Convert.ToInt64(field.GetRawConstantValue(), provider: null);
}
