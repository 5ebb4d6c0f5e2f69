using KqueueTransport.Tests.Pipes.Duplexes;
using KqueueTransport.Tests.Pipes.Properties;
using KqueueTransport.Tests.Pipes.Suites;

namespace KqueueTransport.Tests.Pipes;

// Every suite on the transport itself, with the application on the thread pool.
public sealed class KqueueThreadPoolReadAsyncTests() : ReadAsyncSuite(new KqueueSource(Scheduling.ThreadPool));

public sealed class KqueueThreadPoolAdvanceToTests() : AdvanceToSuite(new KqueueSource(Scheduling.ThreadPool));

public sealed class KqueueThreadPoolReadCancellationTests()
    : ReadCancellationSuite(new KqueueSource(Scheduling.ThreadPool));

public sealed class KqueueThreadPoolInputEndTests() : InputEndSuite(new KqueueSource(Scheduling.ThreadPool));

public sealed class KqueueThreadPoolWriterMemoryTests() : WriterMemorySuite(new KqueueSource(Scheduling.ThreadPool));

public sealed class KqueueThreadPoolFlushTests() : FlushSuite(new KqueueSource(Scheduling.ThreadPool));

public sealed class KqueueThreadPoolBackpressureTests() : BackpressureSuite(new KqueueSource(Scheduling.ThreadPool));

public sealed class KqueueThreadPoolOutputEndTests() : OutputEndSuite(new KqueueSource(Scheduling.ThreadPool));

public sealed class KqueueThreadPoolStreamTests() : StreamSuite(new KqueueSource(Scheduling.ThreadPool));

public sealed class KqueueThreadPoolContinuationTests() : ContinuationSuite(new KqueueSource(Scheduling.ThreadPool));

public sealed class KqueueThreadPoolConcurrencyTests() : ConcurrencySuite(new KqueueSource(Scheduling.ThreadPool));

public sealed class KqueueThreadPoolMisuseTests() : MisuseSuite(new KqueueSource(Scheduling.ThreadPool));

public sealed class KqueueThreadPoolPooledMemoryTests() : PooledMemorySuite(new KqueueSource(Scheduling.ThreadPool));

public sealed class KqueueThreadPoolConnectionTests() : ConnectionSuite(new KqueueSource(Scheduling.ThreadPool));

public sealed class KqueueThreadPoolScriptTests() : ScriptSuite(new KqueueSource(Scheduling.ThreadPool));

[Collection(AllocationCollection.Name)]
public sealed class KqueueThreadPoolAllocationTests() : AllocationSuite(new KqueueSource(Scheduling.ThreadPool));
