using System.Net.Sockets;
using System.Runtime.InteropServices;
using KqueueTransport.Sockets.Listening;

namespace KqueueTransport.Sockets;

/// <summary>One option as setsockopt(2) takes it.</summary>
/// <param name="Name">What users call it.</param>
/// <param name="Level">Its level.</param>
/// <param name="Number">Its number.</param>
/// <param name="Value">A C int, or a name.</param>
/// <exception cref="NotSupportedException">The number is zero: the system does not have it.</exception>
internal readonly record struct SocketOption(string Name, int Level, int Number, byte[] Value)
{
    // Linux tells a device's name only where there is room for the longest (IFNAMSIZ).
    private const int NameBytesMin = 16;

    public SocketOption(string name, int level, int number, int value)
        : this(name, level, number, BitConverter.GetBytes(value))
    {
    }

    public int Number { get; } = Number != 0 ? Number : throw NotOnThisSystem(Name);

    /// <summary>Sets it on a socket of the running system.</summary>
    /// <exception cref="SocketException">The kernel refuses it; <see cref="ListenError"/> names it then.</exception>
    public void SetOn(Socket socket)
    {
        try
        {
            socket.SetRawSocketOption(Level, Number, Value);
        }
        catch (SocketException error)
        {
            ListenError.NameOption(error, Name);
            throw;
        }
    }

    /// <summary>Whether a socket of the running system has it with this very value.</summary>
    public bool IsOn(Socket socket)
    {
        var found = new byte[Math.Max(Value.Length, NameBytesMin)];
        try
        {
            socket.GetRawSocketOption(Level, Number, found);
        }
        catch (SocketException)
        {
            return false;
        }

        return found.AsSpan().TrimEnd((byte)0).SequenceEqual(Value.AsSpan().TrimEnd((byte)0));
    }

    /// <summary>An option is set that the system does not have.</summary>
    public static NotSupportedException NotOnThisSystem(string option) => new(
        $"{option} is set, but {RuntimeInformation.OSDescription} does not have it. Leave it out on this system.");
}
