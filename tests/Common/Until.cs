namespace Common;

/// <summary>Waits on conditions that nobody signals.</summary>
internal static class Until
{
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(20);

    public static async Task TrueAsync(Func<bool> condition, CancellationToken deadline)
    {
        while (!condition())
        {
            await Task.Delay(s_look, deadline);
        }
    }

    public static async Task TrueAsync(Func<Task<bool>> condition, CancellationToken deadline)
    {
        while (!await condition())
        {
            await Task.Delay(s_look, deadline);
        }
    }

    /// <summary>Waits until a value has been the same for half a second, and gives it.</summary>
    public static async Task<long> StableAsync(Func<long> value, CancellationToken deadline)
    {
        var (last, looks) = (value(), 0);
        while (looks < 25)
        {
            await Task.Delay(s_look, deadline);
            var next = value();
            looks = next == last ? looks + 1 : 0;
            last = next;
        }

        return last;
    }
}
