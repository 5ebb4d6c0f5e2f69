using System.Text.Json;

namespace KqueueTransport.Tests.Sockets;

/// <summary>
/// What C headers say about one system's sockets: <c>socket-abi.json</c>, which names its sources. Struct members are
/// <c>struct.member.offset</c> and <c>.size</c>.
/// </summary>
internal sealed class SocketAbi
{
    private static readonly JsonDocument s_document = Load();

    private readonly Dictionary<string, long> _numbers;

    private SocketAbi(JsonElement system) => _numbers = system.EnumerateObject()
        .Where(number => number.Value.ValueKind == JsonValueKind.Number)
        .ToDictionary(number => number.Name, number => number.Value.GetInt64());

    public static IReadOnlyDictionary<string, SocketAbi> Systems { get; } = s_document.RootElement.EnumerateObject()
        .Where(system => system.Value.ValueKind == JsonValueKind.Object)
        .ToDictionary(system => system.Name, system => new SocketAbi(system.Value));

    /// <summary>The error numbers by name.</summary>
    public IEnumerable<KeyValuePair<string, long>> Errors =>
        _numbers.Where(number => number.Key[0] == 'E' && !number.Key.Contains('.', StringComparison.Ordinal));

    public long this[string name] => _numbers[name];

    /// <summary>The number, or 0 where the system does not have that name.</summary>
    public long OrZero(string name) => _numbers.GetValueOrDefault(name);

    /// <summary>The name that this system gives to an error number.</summary>
    public string ErrorName(int number) => Errors.First(error => error.Value == number).Key;

    /// <summary>The name that this system gives to an option, which begins with its level's prefix.</summary>
    public string OptionName(string prefix, int number) => _numbers.First(
        option => option.Key.StartsWith(prefix, StringComparison.Ordinal) && option.Value == number).Key;

    private static JsonDocument Load()
    {
        using var stream = typeof(SocketAbi).Assembly.GetManifestResourceStream("socket-abi.json")!;
        return JsonDocument.Parse(stream);
    }
}
