using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Encodings.Web;

namespace WebApp.Dashboard;

/// <summary>The files of the page, which are resources of the assembly: the app runs from any folder.</summary>
internal sealed class PageFiles
{
    /// <summary>The page itself.</summary>
    public const string Start = "index.html";

    private const string ResourcePrefix = "dashboard/";

    private readonly Dictionary<string, byte[]> _files = [];

    /// <param name="transport">What the page says that it runs on.</param>
    /// <param name="loopCount">How many loops there are to draw.</param>
    public PageFiles(string transport, int loopCount)
    {
        var assembly = Assembly.GetExecutingAssembly();
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.StartsWith(ResourcePrefix)))
        {
            using var stream = assembly.GetManifestResourceStream(name)!;
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            _files[name[ResourcePrefix.Length..]] = bytes;
        }

        _files[Start] = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(_files[Start])
            .Replace("{{transport}}", HtmlEncoder.Default.Encode(transport))
            .Replace("{{loops}}", loopCount.ToString(CultureInfo.InvariantCulture)));
    }

    public Task SendAsync(string file, HttpResponse response)
    {
        if (!_files.TryGetValue(file, out var bytes))
        {
            response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        response.ContentType = TypeOf(file);
        response.ContentLength = bytes.Length;
        response.Headers.CacheControl = "no-cache";
        response.Headers.ContentSecurityPolicy = "default-src 'self'";
        response.Headers.XContentTypeOptions = "nosniff";
        return response.Body.WriteAsync(bytes).AsTask();
    }

    private static string TypeOf(string file) => Path.GetExtension(file) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    };
}
