namespace Kqueue.EventLoops.Registrations;

/// <summary>
/// A handler that keeps its calls apart by itself, and wants its next event also while a thread that has lost the loop
/// is in it still: what it runs there may be waiting for just that.
/// </summary>
internal interface IReentrantHandler : IEventHandler;
