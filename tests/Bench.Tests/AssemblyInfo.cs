// Allocations are counted for the process, so nothing else may run meanwhile.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
