using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace KqueueTransport.OptionChecks;

/// <summary>
/// What is wrong with options. Every message says what to write instead. An option has the name of the property that a
/// caller gives the value of.
/// </summary>
internal sealed class OptionFailures
{
    private readonly List<string> _messages = [];

    public IReadOnlyList<string> Messages => _messages;

    public void Add(string message) => _messages.Add(message);

    public void Add(object? value, string instead, [CallerArgumentExpression(nameof(value))] string option = "")
    {
        var shown = value is string text ? $"'{text}'" : string.Create(CultureInfo.InvariantCulture, $"{value}");
        Add($"{option[(option.IndexOf('.') + 1)..]} is {shown}. {instead}");
    }

    public void CheckRange(
        int? value, int min, int max, string orElse, [CallerArgumentExpression(nameof(value))] string option = "")
    {
        if (value < min || value > max)
        {
            Add(value, $"Write a number from {Text(min)} to {Text(max)}; {orElse}.", option);
        }
    }

    public void CheckSize(long? value, [CallerArgumentExpression(nameof(value))] string option = "")
    {
        if (value < 0)
        {
            Add(value, "Write a number of bytes, or 0 for no limit.", option);
        }
    }

    /// <summary>A number of bytes for the kernel, which knows no 0.</summary>
    public void CheckBytes(int? value, [CallerArgumentExpression(nameof(value))] string option = "")
    {
        if (value < 1)
        {
            Add(value, "Write a number of bytes from 1 on, or leave it out.", option);
        }
    }

    /// <summary>A time that the kernel counts in <paramref name="unit"/>s.</summary>
    public void CheckTime(
        TimeSpan? value, TimeSpan unit, int max, [CallerArgumentExpression(nameof(value))] string option = "")
    {
        if (value is { } time && (time < unit || time > unit * max || time.Ticks % unit.Ticks != 0))
        {
            var units = unit == TimeSpan.FromSeconds(1) ? "seconds" : "milliseconds";
            Add(value, $"Write whole {units} from {unit:c} to {unit * max:c}, or leave it out.", option);
        }
    }

    /// <summary>A time for which -1 ms is none, as <see cref="Timeout.InfiniteTimeSpan"/>.</summary>
    public void CheckTimeout(
        TimeSpan value, TimeSpan max, string none, [CallerArgumentExpression(nameof(value))] string option = "")
    {
        if (value != Timeout.InfiniteTimeSpan && (value <= TimeSpan.Zero || value > max))
        {
            Add(
                value,
                $"Write a time above 00:00:00, to {max:c}, or -00:00:00.001 for {none}; the default is 30 seconds.",
                option);
        }
    }

    /// <summary>A name for the kernel.</summary>
    public void CheckName(string? value, int lengthMax, [CallerArgumentExpression(nameof(value))] string option = "")
    {
        if (value is not null && (value.Length is 0 || value.Length > lengthMax || !Ascii.IsValid(value)))
        {
            Add(value, $"Write 1 to {Text(lengthMax)} ASCII characters, or leave it out.", option);
        }
    }

    public void CheckEnum<TEnum>(TEnum value, [CallerArgumentExpression(nameof(value))] string option = "")
        where TEnum : struct, Enum
    {
        if (!Enum.IsDefined(value))
        {
            Add(value, $"Write {Choices(Enum.GetNames<TEnum>())}.", option);
        }
    }

    public static string Choices(IReadOnlyList<string> names) =>
        $"{string.Join(", ", names.SkipLast(1))} or {names[^1]}";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
