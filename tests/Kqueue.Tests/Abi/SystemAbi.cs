using System.Text.Json;

namespace Kqueue.Tests.Abi;

/// <summary>Layouts and constants of one system, as abi.json has them from that system's own headers.</summary>
internal sealed class SystemAbi
{
    private static readonly JsonDocument s_document = Load();

    private readonly Dictionary<string, long> _numbers = [];
    private readonly Dictionary<string, string> _texts = [];

    private SystemAbi(string system)
    {
        foreach (var property in s_document.RootElement.GetProperty(system).EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.Number)
            {
                _numbers.Add(property.Name, property.Value.GetInt64());
            }
            else
            {
                _texts.Add(property.Name, property.Value.ToString());
            }
        }
    }

    /// <summary>All numbers by their native names.</summary>
    public IReadOnlyDictionary<string, long> Numbers => _numbers;

    public int this[string name] => (int)_numbers[name];

    public int? Find(string name) => _numbers.TryGetValue(name, out var number) ? (int)number : null;

    public string Text(string name) => _texts[name];

    /// <summary>The system as abi.json names it: <c>darwin-arm64</c>, <c>freebsd-amd64</c> and so on.</summary>
    public static SystemAbi Of(string system) => new(system);

    /// <summary>The section for one of the library's layouts.</summary>
    public static SystemAbi OfLayout(string layout) =>
        Of(layout == "libkqueue" ? "libkqueue-linux-amd64" : layout + "-amd64");

    private static JsonDocument Load()
    {
        using var stream = typeof(SystemAbi).Assembly.GetManifestResourceStream("abi.json")!;
        return JsonDocument.Parse(stream);
    }
}
