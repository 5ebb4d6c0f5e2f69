namespace Packaging.Tests.Packages;

/// <summary>The SDK's command.</summary>
internal static class DotNet
{
    /// <summary>Runs it to its end; the test fails with what it printed if it does.</summary>
    public static Task<string> RunAsync(string[] arguments, CancellationToken deadline) =>
        Tool.Require("dotnet", "dotnet-sdk-10.0").RunAsync(deadline, arguments);
}
