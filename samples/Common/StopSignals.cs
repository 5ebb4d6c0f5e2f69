using System.Runtime.InteropServices;

namespace Samples.Common;

/// <summary>Calls a sample to its end at Ctrl+C and SIGTERM, instead of ending the process at once.</summary>
public sealed class StopSignals : IDisposable
{
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;

    /// <summary>Begins to listen to the signals.</summary>
    /// <param name="stop">Called on a thread of the pool, once for each signal.</param>
    public StopSignals(Action stop)
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);

        void OnSignal(PosixSignalContext context)
        {
            context.Cancel = true;
            stop();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
    }
}
