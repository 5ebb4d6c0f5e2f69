using System.Globalization;
using System.Reflection;
using System.Text;

namespace Packaging.Tests.Api;

/// <summary>Writes what others can use of an assembly, one member per line with its type in front.</summary>
internal static class PublicApi
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance |
        BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static string Of(Assembly assembly)
    {
        var lines = assembly.GetExportedTypes().SelectMany(LinesOf).Order(StringComparer.Ordinal);
        return string.Concat(lines.Select(line => $"{line}\n"));
    }

    private static IEnumerable<string> LinesOf(Type type)
    {
        var members = type.GetMembers(Declared).Select(TextOf).OfType<string>();
        return members.Select(member => $"{type.FullName}.{member}").Prepend(Head(type));
    }

    private static string Head(Type type)
    {
        var kind = type switch
        {
            { IsInterface: true } => "interface",
            { IsEnum: true } => "enum",
            { IsValueType: true } => "struct",
            { IsAbstract: true, IsSealed: true } => "static class",
            { IsAbstract: true } => "abstract class",
            { IsSealed: true } => "sealed class",
            _ => "class",
        };
        var bases = string.Join(", ", BasesOf(type).Select(Signature.NameOf));
        return $"{type.FullName} ({kind}) : {bases}".TrimEnd(' ', ':');
    }

    private static IEnumerable<Type> BasesOf(Type type)
    {
        if (type.IsEnum)
        {
            return [Enum.GetUnderlyingType(type)];
        }

        var parent = type.BaseType;
        var own = type.GetInterfaces().Except(parent?.GetInterfaces() ?? [])
            .Where(each => each.IsVisible).OrderBy(each => each.FullName);
        return parent is null || parent == typeof(object) || parent == typeof(ValueType) ? own : own.Prepend(parent);
    }

    /// <summary>The text of a member that others can use; null for one that they cannot.</summary>
    private static string? TextOf(MemberInfo member) => member switch
    {
        ConstructorInfo constructor when IsVisible(constructor) =>
            $"ctor{Signature.ParametersOf(constructor)}{AccessOf(constructor)}",
        MethodInfo method when IsVisible(method) && IsWritten(method) => $"{Signature.Of(method)}{AccessOf(method)}",
        PropertyInfo property => TextOf(property),
        FieldInfo { IsPublic: true } or FieldInfo { IsFamily: true } => TextOf((FieldInfo)member),
        EventInfo happening when IsVisible(happening.AddMethod!) =>
            $"{happening.Name} {{ add; remove; }} -> {Signature.NameOf(happening.EventHandlerType!)}",
        _ => null,
    };

    private static string? TextOf(PropertyInfo property)
    {
        var accessors = new StringBuilder();
        accessors.Append(property.GetMethod is { } get && IsVisible(get) ? $" get{AccessOf(get)};" : "");
        accessors.Append(property.SetMethod is { } set && IsVisible(set) ? $" {SetterOf(set)}{AccessOf(set)};" : "");
        var modifier = (property.GetMethod ?? property.SetMethod)!.IsStatic ? "static " : "";
        return accessors.Length == 0
            ? null
            : $"{property.Name} {{{accessors} }} -> {modifier}{Signature.TypeOf(property)}";
    }

    private static string? TextOf(FieldInfo field) => field switch
    {
        { IsSpecialName: true } => null,
        { IsLiteral: true } => string.Create(
            CultureInfo.InvariantCulture, $"{field.Name} = {field.GetRawConstantValue()}"),
        _ => $"{field.Name} -> {(field.IsStatic ? "static " : "")}{(field.IsInitOnly ? "readonly " : "")}" +
            Signature.TypeOf(field),
    };

    private static string SetterOf(MethodInfo set) =>
        set.ReturnParameter.GetRequiredCustomModifiers().Any(type => type.Name == "IsExternalInit") ? "init" : "set";

    private static bool IsVisible(MethodBase method) =>
        method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static string AccessOf(MethodBase method) => method.IsPublic ? "" : " (protected)";

    // Accessors are shown with their property; names with < are the compiler's.
    private static bool IsWritten(MethodInfo method) =>
        (!method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal)) &&
        !method.Name.Contains('<', StringComparison.Ordinal);
}
