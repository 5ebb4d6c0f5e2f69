using System.CommandLine;
using System.CommandLine.Parsing;

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

    /// <summary>Accepts one of these words only; anything else is an error that names them.</summary>
    public static Option<string> OneOf(this Option<string> option, IEnumerable<string> words)
    {
        option.Validators.Add(result => RequireOneOf(result, option.Name, words));
        return option;
    }

    /// <inheritdoc cref="OneOf(Option{string}, IEnumerable{string})"/>
    public static Argument<string> OneOf(this Argument<string> argument, IEnumerable<string> words)
    {
        argument.Validators.Add(result => RequireOneOf(result, argument.Name, words));
        return argument;
    }

    private static void RequireOneOf(SymbolResult result, string name, IEnumerable<string> words)
    {
        if (result.Tokens is [var token] && !words.Contains(token.Value))
        {
            result.AddError($"{name} '{token.Value}' is unknown; write {string.Join(" or ", words)}.");
        }
    }
}
