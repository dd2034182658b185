"""A `PipelineDef` in words and as data for other programs."""
