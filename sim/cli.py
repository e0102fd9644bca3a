"""The front door: arguments to calls to exit code. What each verb does, and prints, is in `sim.verbs`.

Exit codes: 0 ok, 1 some case failed, 2 input, 130 interrupt.
"""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Sequence

from sim.arguments import VERBS, parser


def run_from_shell() -> None:
    """Run with the arguments of the shell and exit with its code."""
    gc.disable()  # while modules load there is nothing to collect; a run switches it on again
    sys.exit(main(sys.argv[1:]))


def main(argv: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    # The engine uses no linear algebra; idle BLAS threads would only spin.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    arguments = list(argv)
    if arguments and not arguments[0].startswith("-") and arguments[0] not in VERBS:
        arguments.insert(0, "run")
    try:
        options = parser().parse_args(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    if options.no_color:
        os.environ["NO_COLOR"] = "1"
    from sim.errors import ScenarioError
    from sim.verbs import command
    from sim.verbs.reading import complain

    try:
        return command(options.verb)(options)
    except ScenarioError as error:
        complain(error)
        return 2
    except KeyboardInterrupt:
        print("interrupted: nothing of this run was written, earlier results are untouched", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print("error: the output has no room; results that were named as written are there", file=sys.stderr)
        return 2
