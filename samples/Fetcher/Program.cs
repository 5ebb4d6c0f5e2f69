using System.CommandLine;
using Fetcher;
using Kqueue;
using Samples.Common;

var url = new Option<string?>("--url")
{
    Description = "What to ask, with {ms} for the delay: http://127.0.0.1:5000/delay?ms={ms}. Defaults to a server " +
        "of this program's own.",
};
var requests = new Option<int>("--requests")
{
    Description = "The number of requests, all at once.",
    DefaultValueFactory = _ => 5,
}.InRange(1, 1000);
var step = new Option<int>("--step")
{
    Description = "How much earlier, in milliseconds, each request is answered than the one before it.",
    DefaultValueFactory = _ => 200,
}.InRange(1, 60_000);

var command = new RootCommand("Five requests at once on one kernel queue; the last one is answered first.")
{
    url, requests, step,
};
return command.Run(args, result =>
{
    using var server = result.GetValue(url) is null ? new DelayServer() : null;
    var target = Target.Parse(result.GetValue(url) ?? server!.Url);
    var count = result.GetValue(requests);

    using var queue = KernelQueue.Create();
    var fetches = new Fetch[count];
    for (var i = 0; i < count; i++)
    {
        var delayMs = (count - i) * result.GetValue(step);
        fetches[i] = new Fetch(queue, number: i + 1, target.EndPoint, target.RequestFor(delayMs));
    }

    var events = new KEvent[count];
    for (var open = fetches.Count(fetch => !fetch.IsOver); open > 0;)
    {
        foreach (ref readonly var kevent in events.AsSpan(0, queue.Kevent([], events)))
        {
            var fetch = fetches[kevent.UserData];
            fetch.OnReady();
            open -= fetch.IsOver ? 1 : 0;
        }
    }

    Console.WriteLine("FINISHED");
});
