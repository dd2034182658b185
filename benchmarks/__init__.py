"""How fast SynaFlow is, in ratios to what it is compared with: `nox -s benchmarks` runs them. Nothing asserts a time."""
