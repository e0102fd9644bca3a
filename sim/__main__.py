"""``python -m sim``."""

from sim.cli import run_from_shell

if __name__ == "__main__":
    run_from_shell()
