using System.Diagnostics;
using System.Runtime.Loader;
using KqueueTransport;
using KqueueTransport.IntegrationTests.Kernels;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

/// <summary>
/// Runs in a process of samples/WebApp before its Main, by DOTNET_STARTUP_HOOKS, and puts the played kernel beneath the
/// host that is built there.
/// </summary>
#pragma warning disable CA1050 // The runtime looks for this name, outside of namespaces.
internal static class StartupHook
#pragma warning restore CA1050
{
    public static void Initialize()
    {
        // The app's list of assemblies does not have the tests' own, which lie beside it.
        AssemblyLoadContext.Default.Resolving += static (context, name) =>
        {
            var path = Path.Combine(AppContext.BaseDirectory, name.Name + ".dll");
            return File.Exists(path) ? context.LoadFromAssemblyPath(path) : null;
        };
        DiagnosticListener.AllListeners.Subscribe(new Listeners());
    }

    private sealed class Listeners : Observer<DiagnosticListener>
    {
        public override void OnNext(DiagnosticListener value)
        {
            if (value.Name == "Microsoft.Extensions.Hosting")
            {
                value.Subscribe(new HostEvents());
            }
        }
    }

    private sealed class HostEvents : Observer<KeyValuePair<string, object?>>
    {
        public override void OnNext(KeyValuePair<string, object?> value)
        {
            if (value is { Key: "HostBuilding", Value: IHostBuilder host } &&
                Environment.GetEnvironmentVariable(Played.LayoutVariable) is { } layout)
            {
                host.ConfigureServices(services => services.PostConfigure<KqueueTransportOptions>(
                    options => options.Backend = new PlayedBackend(layout)));
            }
        }
    }

    private abstract class Observer<T> : IObserver<T>
    {
        public abstract void OnNext(T value);

        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }
    }
}
