namespace KqueueTransport.FrameworkTests.Grains;

/// <summary>A client's object that grains call.</summary>
[Alias("listener")]
public interface IListener : IGrainObserver
{
    [Alias("hear")]
    Task Hear(int number);
}
