using KqueueTransport.Tests.Pipes.Duplexes;
using KqueueTransport.Tests.Pipes.Properties;
using KqueueTransport.Tests.Pipes.Suites;

namespace KqueueTransport.Tests.Pipes;

// Every suite on the transport itself, with the application on the loop, and a watch on it.
public sealed class KqueueAdaptiveReadAsyncTests() : ReadAsyncSuite(new KqueueSource(Scheduling.Adaptive));

public sealed class KqueueAdaptiveAdvanceToTests() : AdvanceToSuite(new KqueueSource(Scheduling.Adaptive));

public sealed class KqueueAdaptiveReadCancellationTests()
    : ReadCancellationSuite(new KqueueSource(Scheduling.Adaptive));

public sealed class KqueueAdaptiveInputEndTests() : InputEndSuite(new KqueueSource(Scheduling.Adaptive));

public sealed class KqueueAdaptiveWriterMemoryTests() : WriterMemorySuite(new KqueueSource(Scheduling.Adaptive));

public sealed class KqueueAdaptiveFlushTests() : FlushSuite(new KqueueSource(Scheduling.Adaptive));

public sealed class KqueueAdaptiveBackpressureTests() : BackpressureSuite(new KqueueSource(Scheduling.Adaptive));

public sealed class KqueueAdaptiveOutputEndTests() : OutputEndSuite(new KqueueSource(Scheduling.Adaptive));

public sealed class KqueueAdaptiveStreamTests() : StreamSuite(new KqueueSource(Scheduling.Adaptive));

public sealed class KqueueAdaptiveContinuationTests() : ContinuationSuite(new KqueueSource(Scheduling.Adaptive));

public sealed class KqueueAdaptiveConcurrencyTests() : ConcurrencySuite(new KqueueSource(Scheduling.Adaptive));

public sealed class KqueueAdaptiveMisuseTests() : MisuseSuite(new KqueueSource(Scheduling.Adaptive));

public sealed class KqueueAdaptivePooledMemoryTests() : PooledMemorySuite(new KqueueSource(Scheduling.Adaptive));

public sealed class KqueueAdaptiveConnectionTests() : ConnectionSuite(new KqueueSource(Scheduling.Adaptive));

public sealed class KqueueAdaptiveScriptTests() : ScriptSuite(new KqueueSource(Scheduling.Adaptive));

[Collection(AllocationCollection.Name)]
public sealed class KqueueAdaptiveAllocationTests() : AllocationSuite(new KqueueSource(Scheduling.Adaptive));
