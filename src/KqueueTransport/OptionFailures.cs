using System.Globalization;
using System.Text;

namespace KqueueTransport;

/// <summary>What is wrong with options. Every message says what to write instead.</summary>
internal sealed class OptionFailures
{
    private readonly List<string> _messages = [];

    public IReadOnlyList<string> Messages => _messages;

    public void Add(string message) => _messages.Add(message);

    public void Add(string option, object? value, string instead) =>
        Add(string.Create(CultureInfo.InvariantCulture, $"{option} is {value}. {instead}"));

    public void CheckRange(string option, int? value, int max, string orElse, int min = 1)
    {
        if (value < min || value > max)
        {
            Add(option, value, string.Create(
                CultureInfo.InvariantCulture, $"Write a number from {min} to {max}; {orElse}."));
        }
    }

    public void CheckSize(string option, long? value)
    {
        if (value < 0)
        {
            Add(option, value, "Write a number of bytes, or 0 for no limit.");
        }
    }

    /// <summary>A number of bytes for the kernel, which knows no 0.</summary>
    public void CheckBytes(string option, int? value)
    {
        if (value < 1)
        {
            Add(option, value, "Write a number of bytes from 1 on, or leave it out.");
        }
    }

    /// <summary>A time that the kernel counts in <paramref name="unit"/>s.</summary>
    public void CheckTime(string option, TimeSpan? value, TimeSpan unit, int max)
    {
        if (value is { } time && (time < unit || time > unit * max || time.Ticks % unit.Ticks != 0))
        {
            Add(option, time, string.Create(
                CultureInfo.InvariantCulture,
                $"Write whole {(unit == TimeSpan.FromSeconds(1) ? "seconds" : "milliseconds")} from {unit:c} to " +
                $"{unit * max:c}, or leave it out."));
        }
    }

    /// <summary>A name for the kernel.</summary>
    public void CheckName(string option, string? value, int lengthMax)
    {
        if (value is not null && (value.Length is 0 || value.Length > lengthMax || !Ascii.IsValid(value)))
        {
            Add(option, value, string.Create(
                CultureInfo.InvariantCulture, $"Write 1 to {lengthMax} ASCII characters, or leave it out."));
        }
    }

    public void CheckEnum<TEnum>(string option, TEnum value)
        where TEnum : struct, Enum
    {
        if (!Enum.IsDefined(value))
        {
            Add(option, value, $"Write {Choices(Enum.GetNames<TEnum>())}.");
        }
    }

    public static string Choices(IReadOnlyList<string> names) =>
        $"{string.Join(", ", names.SkipLast(1))} or {names[^1]}";
}
