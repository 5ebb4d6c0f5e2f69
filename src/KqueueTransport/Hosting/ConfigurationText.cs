using System.Globalization;
using Microsoft.Extensions.Options;

namespace KqueueTransport.Hosting;

/// <summary>A value in configuration, and how to read it as what an option takes.</summary>
/// <param name="key">Its whole key, for messages.</param>
/// <param name="text">What is written there. Null and empty are the same: not every source tells them apart.</param>
internal readonly struct ConfigurationText(string key, string? text)
{
    public static OptionsValidationException Failure(string message) =>
        new(Options.DefaultName, typeof(KqueueTransportOptions), [message]);

    public int ToInt32() =>
        int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw Unreadable("a whole number");

    public int? ToOptionalInt32() => string.IsNullOrEmpty(text) ? null : ToInt32();

    // Marks are written in either way, as in tc(8) and ip(8).
    public uint? ToOptionalMark()
    {
        var isHex = text?.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ?? false;
        return string.IsNullOrEmpty(text) ? null
            : uint.TryParse(
                isHex ? text[2..] : text,
                isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var value) ? value
            : throw Unreadable("a number up to 0xffffffff");
    }

    public int[] ToNumbers()
    {
        var words = (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var numbers = new int[words.Length];
        for (var i = 0; i < words.Length; i++)
        {
            if (!int.TryParse(words[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]))
            {
                throw Unreadable("numbers with commas in between, such as 0,2,4");
            }
        }

        return numbers;
    }

    public TimeSpan? ToOptionalTimeSpan() => string.IsNullOrEmpty(text) ? null : ToTimeSpan();

    // As chmod(1) takes it; the names of the flags would be a line of their own.
    public UnixFileMode? ToFileMode()
    {
        try
        {
            return string.IsNullOrEmpty(text) ? null : (UnixFileMode)Convert.ToInt32(text, fromBase: 8);
        }
        catch (Exception error) when (error is FormatException or OverflowException or ArgumentException)
        {
            throw Unreadable("an octal number, such as 660");
        }
    }

    public long? ToSize() =>
        string.IsNullOrEmpty(text) ? null
        : long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) ? value
        : throw Unreadable("a whole number of bytes, or 0 for no limit");

    public TimeSpan ToTimeSpan() =>
        TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw Unreadable("a time, such as 00:00:05 for five seconds");

    public bool ToBoolean() => bool.TryParse(text, out var value) ? value : throw Unreadable("true or false");

    // IsDefined, because TryParse takes every number.
    public TEnum ToEnum<TEnum>()
        where TEnum : struct, Enum =>
        Enum.TryParse<TEnum>(text, ignoreCase: true, out var value) && Enum.IsDefined(value)
            ? value
            : throw Unreadable(string.Join(" or ", Enum.GetNames<TEnum>()));

    public string? ToText() => string.IsNullOrEmpty(text) ? null : text;

    private OptionsValidationException Unreadable(string instead) =>
        Failure($"'{key}' is '{text}' in the configuration. Write {instead}.");
}
