using System.Reflection;
using BenchmarkDotNet.Attributes;
using KqueueTransport.Benchmarks;

namespace Bench.Tests;

/// <summary>A benchmark that a test runs without BenchmarkDotNet.</summary>
internal sealed class Operation(Type type, MethodInfo method, PropertyInfo? parameter, object? value)
{
    /// <summary>All benchmarks, once for every value of their parameter.</summary>
    public static IEnumerable<Operation> All =>
        from type in typeof(QueueBenchmarks).Assembly.GetExportedTypes()
        let parameter = type.GetProperties().SingleOrDefault(property => property.IsDefined(typeof(ParamsAttribute)))
        from value in parameter?.GetCustomAttribute<ParamsAttribute>()!.Values ?? [null]
        from method in type.GetMethods()
        where method.IsDefined(typeof(BenchmarkAttribute))
        select new Operation(type, method, parameter, value);

    public string Name => $"{type.Name}.{method.Name}{(value is null ? "" : $"({value})")}";

    /// <summary>What one run may allocate.</summary>
    public int BytesMax => method.GetCustomAttribute<AllocationLimitAttribute>()?.Bytes ?? 0;

    /// <summary>Sets the benchmark up, hands its operation over, and cleans up.</summary>
    public void Use(Action<Action> use)
    {
        var benchmark = Activator.CreateInstance(type)!;
        parameter?.SetValue(benchmark, value);
        Call<GlobalSetupAttribute>(benchmark);
        try
        {
            use(RunOf(benchmark));
        }
        finally
        {
            Call<GlobalCleanupAttribute>(benchmark);
        }
    }

    private Action RunOf(object benchmark)
    {
        if (method.ReturnType == typeof(ValueTask))
        {
            var start = method.CreateDelegate<Func<ValueTask>>(benchmark);
            return () => Finish(start());
        }

        if (method.ReturnType == typeof(int))
        {
            var count = method.CreateDelegate<Func<int>>(benchmark);
            return () => count();
        }

        return method.CreateDelegate<Action>(benchmark);
    }

    private static void Finish(ValueTask pending)
    {
        if (!pending.IsCompletedSuccessfully)
        {
            pending.AsTask().GetAwaiter().GetResult();
        }
    }

    private void Call<TAttribute>(object benchmark)
        where TAttribute : Attribute
    {
        var called = type.GetMethods().SingleOrDefault(candidate => candidate.IsDefined(typeof(TAttribute)));
        (called?.Invoke(benchmark, null) as Task)?.GetAwaiter().GetResult();
    }
}
