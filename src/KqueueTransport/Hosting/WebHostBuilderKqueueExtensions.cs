using KqueueTransport;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Hosting;

/// <summary>Makes Kestrel use the kqueue transport.</summary>
public static class WebHostBuilderKqueueExtensions
{
    /// <summary>Makes Kestrel use the kqueue transport with its default options.</summary>
    /// <param name="hostBuilder">The web host builder, such as <c>builder.WebHost</c>.</param>
    /// <returns>The web host builder.</returns>
    /// <remarks>
    /// On a platform that has no kernel event queue for it, Kestrel's Sockets transport serves instead, and a warning
    /// says so; <see cref="KqueueTransportOptions.RequireBackend"/> makes that an error.
    /// </remarks>
    public static IWebHostBuilder UseKqueueTransport(this IWebHostBuilder hostBuilder)
    {
        ArgumentNullException.ThrowIfNull(hostBuilder);
        return hostBuilder.ConfigureServices(services => services.AddKqueueTransport());
    }

    /// <summary>Makes Kestrel use the kqueue transport with options set in code.</summary>
    /// <param name="hostBuilder">The web host builder, such as <c>builder.WebHost</c>.</param>
    /// <param name="configure">Sets the options.</param>
    /// <returns>The web host builder.</returns>
    /// <remarks>As <see cref="UseKqueueTransport(IWebHostBuilder)"/>.</remarks>
    public static IWebHostBuilder UseKqueueTransport(
        this IWebHostBuilder hostBuilder, Action<KqueueTransportOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(hostBuilder);
        ArgumentNullException.ThrowIfNull(configure);
        return hostBuilder.ConfigureServices(services => services.AddKqueueTransport(configure));
    }

    /// <summary>Makes Kestrel use the kqueue transport with options taken from configuration.</summary>
    /// <param name="hostBuilder">The web host builder, such as <c>builder.WebHost</c>.</param>
    /// <param name="configuration">
    /// The section whose keys are the names of <see cref="KqueueTransportOptions"/>'s properties, for example
    /// <c>builder.Configuration.GetSection("KqueueTransport")</c>.
    /// </param>
    /// <returns>The web host builder.</returns>
    /// <remarks>As <see cref="UseKqueueTransport(IWebHostBuilder)"/>.</remarks>
    public static IWebHostBuilder UseKqueueTransport(this IWebHostBuilder hostBuilder, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(hostBuilder);
        ArgumentNullException.ThrowIfNull(configuration);
        return hostBuilder.ConfigureServices(services => services.AddKqueueTransport(configuration));
    }
}
