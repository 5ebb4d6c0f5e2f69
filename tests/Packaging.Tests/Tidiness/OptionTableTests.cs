using System.Globalization;
using System.Text.RegularExpressions;
using KqueueTransport;

namespace Packaging.Tests.Tidiness;

/// <summary>The tables of options in the package's README have every option, with its default.</summary>
public sealed partial class OptionTableTests
{
    private const long MiB = 1 << 20;

    [Fact]
    public void OptionTables_InTheReadme_AreTheOptions() => Assert.Equal(
        typeof(KqueueTransportOptions).GetProperties().Select(option => option.Name).Order(StringComparer.Ordinal),
        Rows().Select(row => row.Option).Order(StringComparer.Ordinal));

    [Fact]
    public void OptionTables_InTheReadme_HaveTheDefaults()
    {
        var options = new KqueueTransportOptions();
        var wrong =
            from row in Rows()
            let value = typeof(KqueueTransportOptions).GetProperty(row.Option)?.GetValue(options)
            where !row.Default.Contains(TextOf(row.Option, value), StringComparison.Ordinal)
            select row;

        Assert.Empty(wrong);
    }

    // What has to be there of a default; nothing of one that only words can tell.
    private static string TextOf(string option, object? value) => value switch
    {
        _ when option == nameof(KqueueTransportOptions.LoopCount) => "one per processor",
        bool => value is true ? "true" : "false",
        int or Enum => string.Create(CultureInfo.InvariantCulture, $"{value}"),
        long bytes => bytes % MiB == 0 ? $"{bytes / MiB} MiB" : $"{bytes / 1024} KiB",
        TimeSpan time => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds} s"),
        _ => "",
    };

    private static IEnumerable<(string Option, string Default)> Rows()
    {
        var readme = File.ReadAllText(Repository.PathOf("src", "KqueueTransport", "README.md"));
        var section = readme[readme.IndexOf("\n## Options", StringComparison.Ordinal)..];
        section = section[..section.IndexOf("\n## ", 1, StringComparison.Ordinal)];
        return
            from Match row in Row().Matches(section)
            from Capture option in row.Groups["option"].Captures
            select (option.Value, row.Groups["default"].Value);
    }

    [GeneratedRegex(@"^\| (`(?<option>\w+)`(, )?)+ \| (?<default>[^|]*) \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
