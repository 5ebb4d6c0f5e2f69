using Bench.Cases;

namespace Bench.Scaling;

/// <summary>A case at several sizes.</summary>
/// <param name="Name">The name of its chart's file.</param>
/// <param name="Title">What is shown.</param>
/// <param name="XLabel">What grows.</param>
/// <param name="Points">Each size with its case.</param>
internal sealed record ScalingSeries(
    string Name,
    string Title,
    string XLabel,
    IReadOnlyList<(int Size, BenchCase Case)> Points);
