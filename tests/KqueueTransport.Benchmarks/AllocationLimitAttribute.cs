namespace KqueueTransport.Benchmarks;

/// <summary>
/// What an operation may allocate. A benchmark without it may allocate nothing, and a test holds both.
/// </summary>
/// <param name="bytes">Per operation.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AllocationLimitAttribute(int bytes) : Attribute
{
    /// <summary>Bytes per operation.</summary>
    public int Bytes { get; } = bytes;
}
