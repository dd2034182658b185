"""A pipeline on an event loop: the same regions, forks and rules, with steps that await."""
