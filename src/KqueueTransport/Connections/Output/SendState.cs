namespace KqueueTransport.Connections.Output;

/// <summary>Who sends next what is committed. Under the writer's lock.</summary>
internal enum SendState : byte
{
    /// <summary>Nothing is unsent.</summary>
    Idle,

    /// <summary>Work is waiting that will send: on the loop, behind the handler, or on the thread pool.</summary>
    Scheduled,

    /// <summary>
    /// A thread is sending, outside of the lock. The descriptor and what is committed are its own until it is done.
    /// </summary>
    Sending,

    /// <summary>
    /// The next send is made when WRITE is reported, or the time without buffers is over: the socket is full, the
    /// kernel is short of memory, or the loop serves its other connections first.
    /// </summary>
    Blocked,
}
