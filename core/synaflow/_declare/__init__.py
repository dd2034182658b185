"""What a user writes: `step(...)`, `include(...)`. Nothing here is checked; `_check` does that, all at once."""
