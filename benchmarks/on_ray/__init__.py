"""What the Ray runner costs, beside Ray code written by hand: `nox -s ray-benchmarks` runs it. Nothing asserts a time."""
