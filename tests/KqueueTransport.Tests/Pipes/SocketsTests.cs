using KqueueTransport.Tests.Pipes.Duplexes;
using KqueueTransport.Tests.Pipes.Properties;
using KqueueTransport.Tests.Pipes.Suites;

namespace KqueueTransport.Tests.Pipes;

// Every suite on Kestrel's Sockets transport: what the suites expect holds over real connections too.
public sealed class SocketsReadAsyncTests() : ReadAsyncSuite(new SocketsSource());

public sealed class SocketsAdvanceToTests() : AdvanceToSuite(new SocketsSource());

public sealed class SocketsReadCancellationTests() : ReadCancellationSuite(new SocketsSource());

public sealed class SocketsInputEndTests() : InputEndSuite(new SocketsSource());

public sealed class SocketsWriterMemoryTests() : WriterMemorySuite(new SocketsSource());

public sealed class SocketsFlushTests() : FlushSuite(new SocketsSource());

public sealed class SocketsBackpressureTests() : BackpressureSuite(new SocketsSource());

public sealed class SocketsOutputEndTests() : OutputEndSuite(new SocketsSource());

public sealed class SocketsStreamTests() : StreamSuite(new SocketsSource());

public sealed class SocketsContinuationTests() : ContinuationSuite(new SocketsSource());

public sealed class SocketsConcurrencyTests() : ConcurrencySuite(new SocketsSource());

public sealed class SocketsMisuseTests() : MisuseSuite(new SocketsSource());

public sealed class SocketsPooledMemoryTests() : PooledMemorySuite(new SocketsSource());

public sealed class SocketsConnectionTests() : ConnectionSuite(new SocketsSource());

public sealed class SocketsScriptTests() : ScriptSuite(new SocketsSource());

[Collection(AllocationCollection.Name)]
public sealed class SocketsAllocationTests() : AllocationSuite(new SocketsSource());
