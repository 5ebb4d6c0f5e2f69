using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;

namespace WebApp;

/// <summary>The one line printed when every port is bound.</summary>
internal static class StartLine
{
    public static string For(WebApplication app, WebAppOptions options)
    {
        // Endpoints from configuration ("Kestrel:Endpoints") come behind the three from the command line.
        var addresses = app.Services.GetRequiredService<IServer>().Features
            .GetRequiredFeature<IServerAddressesFeature>().Addresses.ToArray();
        var more = string.Concat(addresses.Skip(3).Select(address => $", {address}"));
        return $"{addresses[0]} (echo on {new Uri(addresses[1]).Port}, hello on {new Uri(addresses[2]).Port}){more}: " +
            Transports.Describe(options, app.Services);
    }
}
