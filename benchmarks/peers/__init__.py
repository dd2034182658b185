"""Other packages, and ours, on the same tasks. Each is measured in an environment of its own, beside plain Python."""
