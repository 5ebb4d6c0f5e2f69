using System.Runtime.CompilerServices;

namespace Kqueue;

/// <summary>
/// What a system call returned: a count or a descriptor, or an <see cref="Errno"/>. Kernel errors are values; only
/// the public edge turns them into exceptions.
/// </summary>
public readonly struct KernelResult
{
    // Zero and above: the value. Below: the negated errno.
    private readonly int _value;

    private KernelResult(int value) => _value = value;

    /// <summary>Whether the call failed.</summary>
    public bool IsError => _value < 0;

    /// <summary>Whether the call would have had to wait.</summary>
    public bool IsWouldBlock => _value == -(int)Errno.EAGAIN;

    /// <summary>The count or descriptor. Below zero where <see cref="IsError"/>.</summary>
    public int Value => _value;

    /// <summary><see cref="Value"/>, or the error as an exception.</summary>
    /// <exception cref="KernelQueueException">The call failed.</exception>
    public int GetValueOrThrow()
    {
        if (IsError)
        {
            KernelQueueException.Throw(Error);
        }

        return _value;
    }

    /// <summary>The error, or <see cref="Errno.None"/>.</summary>
    public Errno Error => _value < 0 ? (Errno)(-_value) : Errno.None;

    /// <summary>A call that succeeded.</summary>
    /// <param name="value">What it returned; not negative.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static KernelResult Success(int value) => new(value);

    /// <summary>A call that failed.</summary>
    /// <param name="error">Why.</param>
    public static KernelResult Failure(Errno error) => new(-(int)error);

    /// <inheritdoc/>
    public override string ToString() => IsError ? Error.ToString() : _value.ToString(provider: null);
}
