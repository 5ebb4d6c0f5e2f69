// Descriptor numbers are the process's: a test that closes one must not see another test take it. Two tests at a time
// would also compete for the cores that the race tests need.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
