"""Ground floor: kinds of number, distributions, streams of chance, strict YAML. Knows nothing of energy or finance."""
