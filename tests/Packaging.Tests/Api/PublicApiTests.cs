using System.Reflection;

namespace Packaging.Tests.Api;

/// <summary>
/// The public surface of both libraries is what the files beside this one say, so that nothing comes into it or goes
/// out of it by accident.
/// </summary>
public sealed class PublicApiTests
{
    public static TheoryData<string> Libraries => ["Kqueue", "KqueueTransport"];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void PublicApi_Library_IsAsApproved(string library)
    {
        var approved = Repository.PathOf("tests", "Packaging.Tests", "Api", $"{library}.txt");
        var actual = PublicApi.Of(Assembly.Load(library));
        if (Environment.GetEnvironmentVariable("ACCEPT_PUBLIC_API") == "true")
        {
            File.WriteAllText(approved, actual);
        }

        Assert.True(actual == File.ReadAllText(approved), Message(approved, actual));
    }

    private static string Message(string approved, string actual)
    {
        var before = File.ReadAllLines(approved);
        var after = actual.TrimEnd('\n').Split('\n');
        return string.Join('\n', [
            $"The public API is not what {approved} says. Members below that are meant go into it by this command:",
            "    ACCEPT_PUBLIC_API=true dotnet test tests/Packaging.Tests",
            .. before.Except(after).Select(line => $"gone: {line}"),
            .. after.Except(before).Select(line => $"new:  {line}"),
        ]);
    }
}
