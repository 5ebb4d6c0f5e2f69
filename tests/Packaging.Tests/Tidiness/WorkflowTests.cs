using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace Packaging.Tests.Tidiness;

/// <summary>
/// What a host of workflows would stumble over before their first command: they run nowhere else on a machine of ours.
/// </summary>
public sealed partial class WorkflowTests
{
    // GitHub's runners that these workflows are written for.
    private static readonly string[] s_runners =
        ["ubuntu-24.04", "ubuntu-24.04-arm", "macos-14", "macos-14-large", "macos-15", "macos-15-intel", "macos-26"];

    public static TheoryData<string> Workflows =>
    [
        .. Directory.EnumerateFiles(Repository.PathOf(".github", "workflows")).Select(file => Path.GetFileName(file)!),
    ];

    [Theory]
    [MemberData(nameof(Workflows))]
    public void Jobs_OfAWorkflow_HaveARunnerThatIsThereAndAnEnd(string workflow)
    {
        foreach (var (name, job) in Jobs(workflow))
        {
            Assert.True(job.Children.ContainsKey("timeout-minutes"), $"{name} has no time-out");
            var runner = Text(job["runs-on"]);
            var runners = runner.StartsWith("${{", StringComparison.Ordinal) ? MatrixImages(job) : [runner];
            Assert.NotEmpty(runners);
            Assert.All(runners, image => Assert.Contains(image, s_runners));
        }
    }

    [Theory]
    [MemberData(nameof(Workflows))]
    public void Steps_OfAWorkflow_UseActionsOfAVersion(string workflow) => Assert.All(
        Steps(workflow).Where(step => step.Children.ContainsKey("uses")),
        step => Assert.Matches("^[a-z-]+/[a-z-]+@v[0-9]+$", Text(step["uses"])));

    [Theory]
    [MemberData(nameof(Workflows))]
    public void Results_OfEveryJobThatTests_AreInTheTableOfPlatforms(string workflow)
    {
        var jobs = Jobs(workflow).ToDictionary();
        var testing = jobs.Where(job => Scripts([job.Value]).Any(script => script.Contains(".ci/run"))).ToArray();
        var table = jobs.Values.Single(job => Scripts([job]).Any(script => script.Contains("--platforms")));

        Assert.Equal(testing.Select(job => job.Key), ((YamlSequenceNode)table["needs"]).Select(Text));
        Assert.Equal("always()", Text(table["if"]));
        var names = testing.Select(job =>
        {
            // Also of a job that failed, and by the name that its row gets.
            var upload = StepsOf(job.Value).Single(step => IsOf(step, "actions/upload-artifact"));
            Assert.Equal("always()", Text(upload["if"]));
            Assert.Equal("${{ env.TEST_RESULTS }}", Text(upload["with"]["path"]));
            return Text(upload["with"]["name"]);
        });
        Assert.Equal(testing.Select(job => Text(job.Value["name"])), names);
        var download = StepsOf(table).Single(step => IsOf(step, "actions/download-artifact"));
        Assert.Equal("${{ env.TEST_RESULTS }}", Text(download["with"]["path"]));
    }

    [Theory]
    [MemberData(nameof(Workflows))]
    public void Scripts_OfAWorkflow_NameWhatIsThere(string workflow) => Assert.All(
        Scripts(workflow).SelectMany(script => RepositoryPath().Matches(script)).Select(match => match.Value),
        path => Assert.True(Path.Exists(Repository.PathOf(path.Split("/bin/")[0])), path));

    [Theory]
    [MemberData(nameof(Workflows))]
    public async Task Scripts_OfAWorkflow_AreShell(string workflow)
    {
        var bash = Tool.Require("bash", "bash");
        foreach (var script in Scripts(workflow))
        {
            // What the host puts in is a word to the shell.
            var plain = Expression().Replace(script, "word");
            await bash.RunAsync(TestContext.Current.CancellationToken, "-n", "-c", plain);
        }
    }

    private static IEnumerable<(string Name, YamlMappingNode Job)> Jobs(string workflow)
    {
        var yaml = new YamlStream();
        using var reader = File.OpenText(Repository.PathOf(".github", "workflows", workflow));
        yaml.Load(reader);
        var jobs = (YamlMappingNode)((YamlMappingNode)yaml.Documents[0].RootNode)["jobs"];
        return jobs.Select(job => (Text(job.Key), (YamlMappingNode)job.Value));
    }

    private static IEnumerable<YamlMappingNode> Steps(string workflow) =>
        Jobs(workflow).SelectMany(job => StepsOf(job.Job));

    private static IEnumerable<YamlMappingNode> StepsOf(YamlMappingNode job) =>
        ((YamlSequenceNode)job["steps"]).Cast<YamlMappingNode>();

    private static bool IsOf(YamlMappingNode step, string action) =>
        step.Children.TryGetValue("uses", out var used) && Text(used).Split('@')[0] == action;

    private static IEnumerable<string> Scripts(string workflow) => Scripts(Jobs(workflow).Select(job => job.Job));

    // The FreeBSD machine gets its scripts as inputs of an action.
    private static IEnumerable<string> Scripts(IEnumerable<YamlMappingNode> jobs) => jobs.SelectMany(StepsOf)
        .SelectMany(step => step.Children
            .Concat(step.Children.TryGetValue("with", out var inputs) ? ((YamlMappingNode)inputs).Children : []))
        .Where(pair => Text(pair.Key) is "run" or "prepare")
        .Select(pair => Text(pair.Value));

    private static string[] MatrixImages(YamlMappingNode job)
    {
        var matrix = (YamlMappingNode)((YamlMappingNode)job["strategy"])["matrix"];
        return matrix.Children.TryGetValue("image", out var images)
            ? [.. ((YamlSequenceNode)images).Select(Text)]
            : [.. ((YamlSequenceNode)matrix["include"]).Select(row => Text(row["image"]))];
    }

    private static string Text(YamlNode node) => ((YamlScalarNode)node).Value!;

    [GeneratedRegex(@"(?<![\w./-])(\.ci|build|samples|src|tests)/[\w./-]*[\w-]")]
    private static partial Regex RepositoryPath();

    [GeneratedRegex(@"\$\{\{.*?\}\}")]
    private static partial Regex Expression();
}
