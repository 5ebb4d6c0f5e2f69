using KqueueTransport.Tests.Pipes.Duplexes;
using KqueueTransport.Tests.Pipes.Properties;
using KqueueTransport.Tests.Pipes.Suites;

namespace KqueueTransport.Tests.Pipes;

// Every suite on the transport itself, with the application on the loop.
public sealed class KqueueInlineReadAsyncTests() : ReadAsyncSuite(new KqueueSource(Scheduling.Inline));

public sealed class KqueueInlineAdvanceToTests() : AdvanceToSuite(new KqueueSource(Scheduling.Inline));

public sealed class KqueueInlineReadCancellationTests() : ReadCancellationSuite(new KqueueSource(Scheduling.Inline));

public sealed class KqueueInlineInputEndTests() : InputEndSuite(new KqueueSource(Scheduling.Inline));

public sealed class KqueueInlineWriterMemoryTests() : WriterMemorySuite(new KqueueSource(Scheduling.Inline));

public sealed class KqueueInlineFlushTests() : FlushSuite(new KqueueSource(Scheduling.Inline));

public sealed class KqueueInlineBackpressureTests() : BackpressureSuite(new KqueueSource(Scheduling.Inline));

public sealed class KqueueInlineOutputEndTests() : OutputEndSuite(new KqueueSource(Scheduling.Inline));

public sealed class KqueueInlineStreamTests() : StreamSuite(new KqueueSource(Scheduling.Inline));

public sealed class KqueueInlineContinuationTests() : ContinuationSuite(new KqueueSource(Scheduling.Inline));

public sealed class KqueueInlineConcurrencyTests() : ConcurrencySuite(new KqueueSource(Scheduling.Inline));

public sealed class KqueueInlineMisuseTests() : MisuseSuite(new KqueueSource(Scheduling.Inline));

public sealed class KqueueInlinePooledMemoryTests() : PooledMemorySuite(new KqueueSource(Scheduling.Inline));

public sealed class KqueueInlineConnectionTests() : ConnectionSuite(new KqueueSource(Scheduling.Inline));

public sealed class KqueueInlineScriptTests() : ScriptSuite(new KqueueSource(Scheduling.Inline));

[Collection(AllocationCollection.Name)]
public sealed class KqueueInlineAllocationTests() : AllocationSuite(new KqueueSource(Scheduling.Inline));
