using System.Text.RegularExpressions;

namespace Packaging.Tests.Tidiness;

/// <summary>The page of tuned constants is about those of the source, and there are few.</summary>
public sealed partial class ConstantTests
{
    private const int CountMax = 20;

    private static readonly string s_docs = Repository.PathOf("src", "KqueueTransport", "docs");

    // Numbers that nobody has tuned, by why not. Those of Interop are all a system's.
    private static readonly string[] s_facts =
    [
        // a unit
        "EpollWait.NanosecondsPerMillisecond", "TimerTime.NanosecondsPerSecond", "EndPointOptionsCheck.s_second",

        // a kernel's, or a protocol's
        "AddressPrefix.Bits", "AddressPrefix.IPv4Bits", "AddressPrefix.IPv4Offset", "AddressPrefix.IPv4SizeMin",
        "AddressPrefix.IPv6Offset", "AddressPrefix.IPv6SizeMin", "AddressPrefix.Mapped", "AddressRace.HeadStart",
        "DescriptorData.PipeRoomBytes", "DescriptorData.TcpInfoUnackedOffset", "IoVector.CountMax",
        "IPv4Peer.PortOffset", "KEventLayout.FilterOffset", "KEventLayout.SizeMax", "KernelQueue.InfiniteTimeout",
        "ProxyProtocolBinary.ChecksumLength", "ProxyProtocolBinary.FixedLength", "ProxyProtocolBinary.PathOffset",
        "ProxyProtocolBinary.TcpOverIPv4", "ProxyProtocolBinary.TcpOverIPv6", "ProxyProtocolBinary.UnixStream",
        "ProxyProtocolBinary.Unspecified", "ProxyProtocolBinary.VersionAndLocal",
        "ProxyProtocolBinary.VersionAndProxy", "ProxyProtocolText.LengthMax", "ProxyProtocolValue.ChecksumType",
        "ProxyProtocolValue.FillerType", "SocketCalls.SocketAddressCapacityBytes", "SocketOption.NameBytesMin",
        "SystemSocketCalls.DescriptorsMax", "UnixSocketFile.PathOffset", "VnodeFilter.HeaderBytes",
        "VnodeFilter.MaskOffset", "VnodeFilter.NameBytesMax", "VnodeFilter.NameLengthOffset",
        "VsockEndPoint.CidOffset", "VsockEndPoint.Family", "VsockEndPoint.Host", "VsockEndPoint.Length",
        "VsockEndPoint.Local", "VsockEndPoint.PortOffset",

        // Kestrel's
        "AddedFeatures.InitialCapacity", "BlockPool.UsualBytes", "ConnectionIds.Length",

        // a name for a state, a bit or an index
        "ClaimWord.EventBits", "ClaimWord.TurnBits", "ClaimWord.WorkBits", "ConnectionStream.Disposed",
        "ConnectionStream.Reading", "ConnectionStream.Writing", "EventLoop.NoEntry", "KqueueSelfCheck.Canary",
        "Lifetime.CallbacksRan", "Lifetime.Closing", "Lifetime.DescriptorEnded", "Lifetime.ReasonMask",
        "Lifetime.TokenReplaced", "Places.Pause", "Places.Place",

        // more than anybody has: the range of an option, or the end of a list
        "EndPointOptionsCheck.AcceptsPerSecondMax", "EndPointOptionsCheck.KeepAliveProbesMax",
        "EndPointOptionsCheck.KeepAliveSecondsMax", "EndPointOptionsCheck.NameLengthMax",
        "EventLoopOptions.EventCapacityMax", "HandOverMessage.BytesMax",
        "KqueueTransportOptions.LoopCountMax", "KqueueTransportOptionsValidation.LingerConnectionsLimit",
        "KqueueTransportOptionsValidation.StandbyThreadsLimit", "KqueueTransportOptionsValidation.s_timeoutMax",
        "LoopProcessors.MaskBytes", "NativeKernelQueue.ListLengthMax",
    ];

    [Fact]
    public void Constants_OfThePage_AreInTheSourceWithTheirValues()
    {
        var named = Named().ToArray();
        var wrong =
            from constant in named
            let source = File.ReadAllText(Path.Combine(s_docs, constant.File))
            where !source.Contains($" {constant.Name} = {constant.Value};", StringComparison.Ordinal)
            select constant;

        Assert.NotEmpty(named);
        Assert.Empty(wrong);
    }

    // A new one belongs on the page, with what half and double of it do, or above.
    [Fact]
    public void Constants_OfTheSource_AreOfThePageOrFacts()
    {
        var written =
            from file in Repository.Files("*.cs")
            let folders = file.Split(Path.DirectorySeparatorChar)
            where folders[0] == "src" && !folders.Contains("Interop")
            from Match number in Number().Matches(File.ReadAllText(Repository.PathOf(file)))
            select $"{folders[^1].Split('.')[0]}.{number.Groups["name"].Value}";

        var known = Named().Select(constant => $"{constant.Type}.{constant.Name}").Concat(s_facts);

        Assert.Empty(written.Except(known));
        Assert.Empty(s_facts.Except(written));
    }

    [Fact]
    public void Constants_OfThePage_AreFew() => Assert.InRange(Named().Count(), 1, CountMax);

    private static IEnumerable<(string Type, string Name, string Value, string File)> Named() =>
        from Match section in Section().Matches(File.ReadAllText(Path.Combine(s_docs, "constants.md")))
        select (
            section.Groups["type"].Value,
            section.Groups["name"].Value,
            section.Groups["value"].Value,
            section.Groups["file"].Value);

    [GeneratedRegex(
        @"^### `(?<type>\w+)\.(?<name>\w+)` = `(?<value>[^`]+)`\n\n\[[\w.]+\]\((?<file>[^)]+)\)",
        RegexOptions.Multiline)]
    private static partial Regex Section();

    // One whose value is written out; what is computed from others follows from them.
    [GeneratedRegex(
        @"(?:const|static readonly) (?:u?int|u?long|u?short|s?byte|float|double|TimeSpan) (?<name>\w+) =\s+" +
        @"(?:[\d_x.*'a-fA-FuUlL -]+|TimeSpan\.From\w+\([\d_.]+\));")]
    private static partial Regex Number();
}
