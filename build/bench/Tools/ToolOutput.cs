namespace Bench.Tools;

/// <summary>What a tool printed, and the share of one core that it used while it ran.</summary>
internal sealed record ToolOutput(string Text, double CpuShare);
