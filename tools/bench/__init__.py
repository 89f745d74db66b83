"""Benchmarks of whole models against other runtimes: each runtime in a process of its own, rounds interleaved, results compared first."""
