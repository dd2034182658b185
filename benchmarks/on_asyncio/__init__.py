"""What a pipeline on an event loop costs, beside asyncio code written by hand. Part of `nox -s benchmarks`."""
