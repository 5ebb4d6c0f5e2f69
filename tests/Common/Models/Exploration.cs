namespace Common.Models;

/// <summary>
/// Visits every state that a model can reach, breadth first, and so finds the shortest way to a violation.
/// </summary>
internal sealed class Exploration<TState>(IModel<TState> model)
    where TState : struct, IEquatable<TState>
{
    private readonly HashSet<TState> _seen = [];
    private readonly List<(TState State, int Parent)> _visited = [];

    public int StateCount => _visited.Count;

    /// <summary>How many states nothing follows: the ends of all runs.</summary>
    public int EndCount { get; private set; }

    /// <summary>Visits every state.</summary>
    /// <exception cref="ProtocolViolationException">
    /// A state breaks the protocol; the message has the way to it.
    /// </exception>
    public void Run()
    {
        Visit(model.Initial(), parent: -1);
        for (var i = 0; i < _visited.Count; i++)
        {
            try
            {
                Expand(i);
            }
            catch (ProtocolViolationException violation)
            {
                throw new ProtocolViolationException(violation.Message + WayTo(i));
            }
        }
    }

    private void Expand(int index)
    {
        var state = _visited[index].State;
        model.CheckAlways(state);
        var isEnd = true;
        foreach (var next in model.SuccessorsOf(state))
        {
            isEnd &= next.Equals(state);
            Visit(next, index);
        }

        if (isEnd)
        {
            EndCount++;
            model.CheckAtEnd(state);
        }
    }

    private void Visit(in TState state, int parent)
    {
        if (_seen.Add(state))
        {
            _visited.Add((state, parent));
        }
    }

    private string WayTo(int index)
    {
        var way = new List<string>();
        for (; index >= 0; index = _visited[index].Parent)
        {
            way.Add(model.Describe(_visited[index].State));
        }

        way.Reverse();
        return Environment.NewLine + string.Join(Environment.NewLine, way);
    }
}
