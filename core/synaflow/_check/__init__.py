"""From declarations to a checked `PipelineDef`, or one `PipelineError` with everything that is wrong."""
