"""Studies of many runs and comparisons with other software; each uses the engine, none is used by it."""
