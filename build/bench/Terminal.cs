using Spectre.Console;

namespace Bench;

/// <summary>The console, which a file may stand for.</summary>
internal static class Terminal
{
    // Long enough for the lines of the progress, which a file need not break.
    private const int FileColumns = 200;

    /// <summary>Opens the console; a file gets neither colours nor line breaks.</summary>
    public static IAnsiConsole Open()
    {
        if (!Console.IsOutputRedirected)
        {
            return AnsiConsole.Console;
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No });
        console.Profile.Width = FileColumns;
        return console;
    }
}
