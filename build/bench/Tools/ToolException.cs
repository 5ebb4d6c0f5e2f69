namespace Bench.Tools;

/// <summary>A program that a run needs is missing or failed. The run is lost; the others go on.</summary>
internal sealed class ToolException(string message) : Exception(message);
