namespace Common.Processes;

/// <summary>How a process ended and what it printed.</summary>
internal sealed record FinishedProcess(int ExitCode, string Output, string Errors);
