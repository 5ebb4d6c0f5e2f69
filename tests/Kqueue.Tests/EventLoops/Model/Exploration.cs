using System.Text;

namespace Kqueue.Tests.EventLoops.Model;

/// <summary>
/// Visits every state that a model can reach, breadth first, and so finds the shortest way to a violation.
/// </summary>
internal sealed class Exploration(Scenario scenario)
{
    private readonly ClaimModel _model = new(scenario);
    private readonly HashSet<ModelState> _seen = [];
    private readonly List<(ModelState State, int Parent)> _visited = [];

    public int StateCount => _visited.Count;

    /// <summary>How many states nothing follows: the ends of all runs.</summary>
    public int EndCount { get; private set; }

    /// <summary>Visits every state.</summary>
    /// <exception cref="ProtocolViolationException">
    /// A state breaks the protocol; the message has the way to it.
    /// </exception>
    public void Run()
    {
        Visit(_model.Initial(), parent: -1);
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
        ClaimModel.CheckAlways(state);
        var isEnd = true;
        foreach (var next in _model.SuccessorsOf(state))
        {
            isEnd &= next.Equals(state);
            Visit(next, index);
        }

        if (isEnd)
        {
            EndCount++;
            _model.CheckAtEnd(state);
        }
    }

    private void Visit(in ModelState state, int parent)
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
            way.Add(Describe(_visited[index].State));
        }

        way.Reverse();
        return Environment.NewLine + string.Join(Environment.NewLine, way);
    }

    private static string Describe(in ModelState state)
    {
        var word = state.Word.Unpack();
        var text = new StringBuilder($"{word.Epoch}|{word.Turn}|{(word.IsInWait ? "wait" : word.Cursor)}");
        foreach (var driver in state.Drivers)
        {
            text.Append(' ').Append(driver.Step);
        }

        return text.Append($" post:{state.PosterStep} stop:{state.StopperStep} watch:{state.WatchStep}").ToString();
    }
}
