using System.Globalization;

namespace Common.Survival;

/// <summary>What a test that plays trouble prints when it has ended well: a line, which CI repeats.</summary>
internal static class Survived
{
    /// <summary>Prints what the trouble was, and how much of it there was.</summary>
    public static void Print(string trouble, params ReadOnlySpan<(long Count, string What)> counts)
    {
        var parts = new List<string>();
        foreach (var (count, what) in counts)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{count:N0} {what}"));
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"Survived {trouble}: {string.Join(", ", parts)}.");
    }
}
