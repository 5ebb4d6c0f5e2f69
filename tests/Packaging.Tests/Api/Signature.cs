using System.Globalization;
using System.Reflection;

namespace Packaging.Tests.Api;

/// <summary>Writes types and parameters as C# does, with nullability.</summary>
internal static class Signature
{
    private static readonly Dictionary<Type, string> s_keywords = new()
    {
        [typeof(void)] = "void",
        [typeof(bool)] = "bool",
        [typeof(byte)] = "byte",
        [typeof(short)] = "short",
        [typeof(ushort)] = "ushort",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(nint)] = "nint",
        [typeof(nuint)] = "nuint",
        [typeof(string)] = "string",
        [typeof(object)] = "object",
    };

    public static string Of(MethodInfo method)
    {
        var modifier = method switch
        {
            { IsStatic: true } => "static ",
            { IsAbstract: true, DeclaringType.IsInterface: false } => "abstract ",
            _ when method.GetBaseDefinition() != method => "override ",
            { IsVirtual: true, IsFinal: false, DeclaringType.IsInterface: false } => "virtual ",
            _ => "",
        };
        return $"{method.Name}{Generics(method)}{ParametersOf(method)} -> {modifier}{TypeOf(method.ReturnParameter)}";
    }

    public static string ParametersOf(MethodBase method) =>
        $"({string.Join(", ", method.GetParameters().Select(ParameterOf))})";

    public static string TypeOf(PropertyInfo property) =>
        NameOf(property.PropertyType, new NullabilityInfoContext().Create(property));

    public static string TypeOf(FieldInfo field) =>
        NameOf(field.FieldType, new NullabilityInfoContext().Create(field));

    public static string NameOf(Type type) => NameOf(type, null);

    private static string TypeOf(ParameterInfo parameter) =>
        NameOf(parameter.ParameterType, new NullabilityInfoContext().Create(parameter));

    private static string ParameterOf(ParameterInfo parameter)
    {
        var direction = parameter switch
        {
            { IsOut: true } => "out ",
            { IsIn: true } => "in ",
            { ParameterType.IsByRef: true } => "ref ",
            _ => "",
        };
        var value = parameter.HasDefaultValue ? $" = {DefaultOf(parameter)}" : "";
        return $"{direction}{TypeOf(parameter)} {parameter.Name}{value}";
    }

    private static string DefaultOf(ParameterInfo parameter) => parameter.RawDefaultValue switch
    {
        null => parameter.ParameterType.IsValueType ? "default" : "null",
        bool value => value ? "true" : "false",
        var value => string.Create(CultureInfo.InvariantCulture, $"{value}"),
    };

    private static string NameOf(Type type, NullabilityInfo? nullability)
    {
        if (type.IsByRef)
        {
            return NameOf(type.GetElementType()!, nullability);
        }

        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return $"{NameOf(underlying)}?";
        }

        return PlainNameOf(type, nullability) + (IsNullable(type, nullability) ? "?" : "");
    }

    private static string PlainNameOf(Type type, NullabilityInfo? nullability)
    {
        if (type.IsArray)
        {
            return $"{NameOf(type.GetElementType()!, nullability?.ElementType)}[]";
        }

        if (!type.IsGenericType)
        {
            return s_keywords.GetValueOrDefault(type, type.IsGenericParameter ? type.Name : type.FullName!);
        }

        var arguments = type.GetGenericArguments()
            .Select((argument, i) => NameOf(argument, nullability?.GenericTypeArguments.ElementAtOrDefault(i)));
        var name = type.GetGenericTypeDefinition().FullName!;
        return $"{name[..name.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(", ", arguments)}>";
    }

    private static bool IsNullable(Type type, NullabilityInfo? nullability) =>
        !type.IsValueType && nullability?.ReadState == NullabilityState.Nullable;

    private static string Generics(MethodInfo method) => method.IsGenericMethod
        ? $"<{string.Join(", ", method.GetGenericArguments().Select(argument => argument.Name))}>"
        : "";
}
