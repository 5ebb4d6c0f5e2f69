using KqueueTransport;
using KqueueTransport.Connections.Accepting;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.Hosting;
using KqueueTransport.OptionChecks;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the kqueue transport to a service collection.</summary>
public static class KqueueTransportServiceCollectionExtensions
{
    /// <summary>
    /// Adds the kqueue transport: Kestrel then asks it first for every endpoint, and a host without Kestrel gets it as
    /// <see cref="IConnectionListenerFactory"/>. Calling this again adds nothing.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <returns>The services.</returns>
    /// <remarks>
    /// Kestrel asks the transport that was registered last first. Call this after Kestrel has been added, as it has
    /// been in what <c>WebApplication.CreateBuilder</c> returns; then its Sockets transport stays for the endpoints
    /// that this one declines.
    /// </remarks>
    public static IServiceCollection AddKqueueTransport(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddHostLoops();
        if (!services.Any(IsTransport))
        {
            // Not TryAdd, because Kestrel's own transport stands there already, and it has to stay.
            services.AddSingleton<IConnectionListenerFactory, KqueueConnectionListenerFactory>();
            services.AddSingleton<IPostConfigureOptions<KqueueTransportOptions>, EnabledSetting>();
            services.AddHostedService<HandOverService>();
            services.AddHostedService<StartReport>();
        }

        return services;
    }

    /// <summary>Adds the kqueue transport with options set in code.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets the options.</param>
    /// <returns>The services.</returns>
    /// <remarks>As <see cref="AddKqueueTransport(IServiceCollection)"/>.</remarks>
    public static IServiceCollection AddKqueueTransport(
        this IServiceCollection services, Action<KqueueTransportOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return services.AddKqueueTransport().Configure(configure);
    }

    /// <summary>Adds the kqueue transport with options taken from configuration.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configuration">
    /// The section whose keys are the names of <see cref="KqueueTransportOptions"/>'s properties. A key that is none
    /// of them, or a value that cannot be read, is an <see cref="OptionsValidationException"/> at start.
    /// </param>
    /// <returns>The services.</returns>
    /// <remarks>As <see cref="AddKqueueTransport(IServiceCollection)"/>.</remarks>
    public static IServiceCollection AddKqueueTransport(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        services.AddKqueueTransport();
        return services.AddSingleton<IConfigureOptions<KqueueTransportOptions>>(
            new KqueueTransportConfiguration(configuration));
    }

    /// <summary>
    /// Adds <see cref="KqueueConnectionFactory"/>, also as <see cref="IConnectionFactory"/>: outbound connections on
    /// the event loops of this host's listeners, or on loops of their own where nothing listens. The options are those
    /// of <see cref="AddKqueueTransport(IServiceCollection)"/>, which need not be called.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="serviceKey">
    /// The key of <see cref="IConnectionFactory"/>, beside other factories; null registers that without one.
    /// <see cref="KqueueConnectionFactory"/> itself has none.
    /// </param>
    /// <returns>The services.</returns>
    public static IServiceCollection AddKqueueConnectionFactory(
        this IServiceCollection services, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddHostLoops();
        services.TryAddSingleton(provider => new KqueueConnectionFactory(provider.GetRequiredService<HostLoops>()));
        services.TryAddKeyedSingleton<IConnectionFactory>(serviceKey, ConnectionFactory);
        return services;
    }

    /// <summary>
    /// Puts the listener factories and connection factories that stand in the services under keys on the kqueue
    /// transport. Frameworks such as Orleans take theirs by keys of their own, which nobody else has.
    /// </summary>
    /// <param name="services">The services, to which the framework has been added already.</param>
    /// <param name="configure">Sets the options, which are those of the whole host; null leaves them.</param>
    /// <returns>The services.</returns>
    /// <remarks>
    /// All of them share the event loops of the host. Kestrel's transport has no key and stays as it is. Where the
    /// platform has no kernel event queue, to listen or to connect is a <see cref="PlatformNotSupportedException"/>.
    /// </remarks>
    public static IServiceCollection ReplaceKeyedTransports(
        this IServiceCollection services, Action<KqueueTransportOptions>? configure = null)
    {
        services.AddKqueueConnectionFactory().Configure(configure ?? (_ => { }));
        for (var i = 0; i < services.Count; i++)
        {
            if (services[i] is { IsKeyedService: true, ServiceType: var type, ServiceKey: var key })
            {
                services[i] = type == typeof(IConnectionListenerFactory)
                        ? ServiceDescriptor.KeyedSingleton<IConnectionListenerFactory>(key, ListenerFactory)
                    : type == typeof(IConnectionFactory)
                        ? ServiceDescriptor.KeyedSingleton<IConnectionFactory>(key, ConnectionFactory)
                    : services[i];
            }
        }

        return services;
    }

    private static KqueueConnectionListenerFactory ListenerFactory(IServiceProvider provider, object? key) =>
        new(provider.GetRequiredService<HostLoops>());

    private static KqueueConnectionFactory ConnectionFactory(IServiceProvider provider, object? key) =>
        provider.GetRequiredService<KqueueConnectionFactory>();

    private static void AddHostLoops(this IServiceCollection services)
    {
        services.AddLogging();
        services.AddOptionsWithValidateOnStart<KqueueTransportOptions, KqueueTransportOptionsValidation>();
        services.TryAddSingleton<HostLoops>();
    }

    private static bool IsTransport(ServiceDescriptor service) =>
        !service.IsKeyedService && service.ImplementationType == typeof(KqueueConnectionListenerFactory);
}
