using BenchmarkDotNet.Running;

// dotnet run -c Release --project tests/KqueueTransport.Benchmarks -- --filter '*'
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
