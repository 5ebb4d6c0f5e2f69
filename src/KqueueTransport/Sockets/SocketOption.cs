using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace KqueueTransport.Sockets;

/// <summary>One option as setsockopt(2) takes it.</summary>
/// <param name="Name">What users call it.</param>
/// <param name="Level">Its level.</param>
/// <param name="Number">Its number; zero where the system does not have it.</param>
/// <param name="Value">A C int, or a name.</param>
internal readonly record struct SocketOption(string Name, int Level, int Number, byte[] Value)
{
    public SocketOption(string name, int level, int number, int value)
        : this(name, level, number, BitConverter.GetBytes(value))
    {
    }

    /// <summary>Sets it on a socket of the running system.</summary>
    /// <exception cref="NotSupportedException">The system does not have it.</exception>
    /// <exception cref="SocketException">The kernel refuses it; <see cref="ListenError"/> names it then.</exception>
    public void SetOn(Socket socket)
    {
        try
        {
            socket.SetRawSocketOption(Level, Number != 0 ? Number : throw NotOnThisSystem(Name), Value);
        }
        catch (SocketException error)
        {
            ListenError.NameOption(error, Name);
            throw;
        }
    }

    /// <summary>An option is set that the system does not have.</summary>
    public static NotSupportedException NotOnThisSystem(string option) => new(
        $"{option} is set, but {RuntimeInformation.OSDescription} does not have it. Leave it out on this system.");
}
