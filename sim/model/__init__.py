"""The rooms of the model, in the order in which money flows; each may import those before it, never one after."""
