"""Pictures, read back and looked at."""
