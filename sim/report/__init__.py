"""Results on paper: reads tables, never runs the engine."""
