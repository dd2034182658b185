"""The definition: reading, wiring, checking and describing pipelines."""
