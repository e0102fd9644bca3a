"""A results folder as one page of HTML that needs nothing else."""
