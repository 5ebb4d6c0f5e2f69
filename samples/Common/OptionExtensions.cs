using System.CommandLine;

namespace Samples.Common;

/// <summary>What several samples ask of their options.</summary>
public static class OptionExtensions
{
    /// <summary>Accepts whole numbers of a range only; anything else is an error that names the range.</summary>
    public static TOption InRange<TOption>(this TOption option, int min, int max)
        where TOption : Option
    {
        option.Validators.Add(result =>
        {
            var word = result.Tokens.Count > 0 ? result.Tokens[0].Value : null;
            if (word is not null && (!int.TryParse(word, out var value) || value < min || value > max))
            {
                result.AddError($"{option.Name} '{word}' is not a number from {min} to {max}.");
            }
        });
        return option;
    }
}
