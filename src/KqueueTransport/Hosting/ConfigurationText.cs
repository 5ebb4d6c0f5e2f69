using System.Globalization;
using Microsoft.Extensions.Options;

namespace KqueueTransport.Hosting;

/// <summary>A value in configuration, and how to read it as what an option takes.</summary>
/// <param name="key">Its whole key, for messages.</param>
/// <param name="text">What is written there. Null and empty are the same: not every source tells them apart.</param>
internal sealed class ConfigurationText(string key, string? text)
{
    private bool IsEmpty => string.IsNullOrEmpty(text);

    public static OptionsValidationException Failure(string message) =>
        new(Options.DefaultName, typeof(KqueueTransportOptions), [message]);

    public bool ToBoolean() => To<bool>("true or false");

    public int ToInt32() => To<int>("a whole number");

    public int? ToOptionalInt32() => IsEmpty ? null : ToInt32();

    public long? ToSize() => IsEmpty ? null : To<long>("a whole number of bytes, or 0 for no limit");

    public TimeSpan ToTimeSpan() => To<TimeSpan>("a time, such as 00:00:05 for five seconds");

    public TimeSpan? ToOptionalTimeSpan() => IsEmpty ? null : ToTimeSpan();

    public string? ToText() => IsEmpty ? null : text;

    // IsDefined, because TryParse takes every number.
    public TEnum ToEnum<TEnum>()
        where TEnum : struct, Enum =>
        Enum.TryParse<TEnum>(text, ignoreCase: true, out var value) && Enum.IsDefined(value)
            ? value
            : throw Unreadable(string.Join(" or ", Enum.GetNames<TEnum>()));

    // Marks are written in either way, as in tc(8) and ip(8).
    public uint? ToOptionalMark()
    {
        var isHex = text?.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ?? false;
        var (digits, style) = isHex ? (text![2..], NumberStyles.AllowHexSpecifier) : (text, NumberStyles.None);
        return IsEmpty ? null
            : uint.TryParse(digits, style, CultureInfo.InvariantCulture, out var value) ? value
            : throw Unreadable("a number up to 0xffffffff");
    }

    public int[] ToNumbers() =>
        [.. (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(
            word => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? number
                : throw Unreadable("numbers with commas in between, such as 0,2,4"))];

    // As chmod(1) takes it; the names of the flags would be a line of their own.
    public UnixFileMode? ToFileMode()
    {
        try
        {
            return IsEmpty ? null : (UnixFileMode)Convert.ToInt32(text, fromBase: 8);
        }
        catch (Exception error) when (error is FormatException or OverflowException or ArgumentException)
        {
            throw Unreadable("an octal number, such as 660");
        }
    }

    private T To<T>(string instead)
        where T : IParsable<T> =>
        T.TryParse(text, CultureInfo.InvariantCulture, out var value) ? value : throw Unreadable(instead);

    private OptionsValidationException Unreadable(string instead) =>
        Failure($"'{key}' is '{text}' in the configuration. Write {instead}.");
}
