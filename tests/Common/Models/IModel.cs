namespace Common.Models;

/// <summary>A protocol between threads: its states, and what follows from each.</summary>
internal interface IModel<TState>
    where TState : struct, IEquatable<TState>
{
    TState Initial();

    /// <summary>Every state that is one step of one thread away.</summary>
    List<TState> SuccessorsOf(in TState state);

    /// <summary>What must hold at every moment.</summary>
    void CheckAlways(in TState state);

    /// <summary>What must hold when nothing can happen any more.</summary>
    void CheckAtEnd(in TState state);

    /// <summary>A line for the way to a violation.</summary>
    string Describe(in TState state);
}

/// <summary>The protocol does not do what it promises.</summary>
internal sealed class ProtocolViolationException(string message) : Exception(message)
{
    public static void Require(bool condition, string violation)
    {
        if (!condition)
        {
            throw new ProtocolViolationException(violation);
        }
    }
}
