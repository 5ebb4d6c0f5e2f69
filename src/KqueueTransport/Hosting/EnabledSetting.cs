using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace KqueueTransport.Hosting;

/// <summary>Takes the one option that every host's configuration has, whatever the program does: the switch.</summary>
internal sealed class EnabledSetting(IServiceProvider services) : IPostConfigureOptions<KqueueTransportOptions>
{
    private const string Key = $"{nameof(KqueueTransport)}:{nameof(KqueueTransportOptions.Enabled)}";

    public void PostConfigure(string? name, KqueueTransportOptions options)
    {
        if (services.GetService<IConfiguration>()?[Key] is { Length: > 0 } value)
        {
            options.Enabled = new ConfigurationText(Key, value).ToBoolean();
        }
    }
}
