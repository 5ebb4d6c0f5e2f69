using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;

namespace WebApp;

/// <summary>The one line printed when every port is bound.</summary>
internal static class StartLine
{
    public static string For(WebApplication app, WebAppOptions options)
    {
        var addresses = app.Services.GetRequiredService<IServer>().Features
            .GetRequiredFeature<IServerAddressesFeature>().Addresses.Select(address => new Uri(address)).ToArray();
        return $"{addresses[0].GetLeftPart(UriPartial.Authority)} (echo on {addresses[1].Port}, hello on " +
            $"{addresses[2].Port}): {Transports.Describe(options)}";
    }
}
