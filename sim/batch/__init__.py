"""Many runs that can be trusted side by side: sweeps, comparison, attribution."""
