using System.Runtime.InteropServices;

namespace Kqueue.EventLoops.Registrations;

/// <summary>A handler that keeps its descriptor open: one reference of the handle is its.</summary>
internal sealed class OpenHandle(SafeHandle handle, IEventHandler handler) : IEventHandler
{
    public void OnEvent(in KEvent kevent) => handler.OnEvent(kevent);

    public void Release() => handle.DangerousRelease();
}
