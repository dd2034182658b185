"""Every runner against the corpus."""
