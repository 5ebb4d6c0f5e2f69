using KqueueTransport.Tests.Pipes.Duplexes;
using KqueueTransport.Tests.Pipes.Properties;
using KqueueTransport.Tests.Pipes.Suites;

namespace KqueueTransport.Tests.Pipes;

// Every suite on System.IO.Pipelines.Pipe: what the suites expect is what Pipe does.
public sealed class PipeReadAsyncTests() : ReadAsyncSuite(new PipeSource());

public sealed class PipeAdvanceToTests() : AdvanceToSuite(new PipeSource());

public sealed class PipeReadCancellationTests() : ReadCancellationSuite(new PipeSource());

public sealed class PipeInputEndTests() : InputEndSuite(new PipeSource());

public sealed class PipeWriterMemoryTests() : WriterMemorySuite(new PipeSource());

public sealed class PipeFlushTests() : FlushSuite(new PipeSource());

public sealed class PipeBackpressureTests() : BackpressureSuite(new PipeSource());

public sealed class PipeOutputEndTests() : OutputEndSuite(new PipeSource());

public sealed class PipeStreamTests() : StreamSuite(new PipeSource());

public sealed class PipeContinuationTests() : ContinuationSuite(new PipeSource());

public sealed class PipeConcurrencyTests() : ConcurrencySuite(new PipeSource());

public sealed class PipeMisuseTests() : MisuseSuite(new PipeSource());

public sealed class PipePooledMemoryTests() : PooledMemorySuite(new PipeSource());

public sealed class PipeScriptTests() : ScriptSuite(new PipeSource());

[Collection(AllocationCollection.Name)]
public sealed class PipeAllocationTests() : AllocationSuite(new PipeSource());
