"""What each verb of the command line does: calls to the rest, words for the user, exit code."""

from __future__ import annotations

import argparse
from collections.abc import Callable

Verb = Callable[[argparse.Namespace], int]


def command(verb: str) -> Verb:
    """Return what a verb of `arguments` does; imported only then, as most need little of the program."""
    if verb == "run":
        from sim.verbs.run import run

        return run
    if verb in ("sweep", "compare", "explain"):
        from sim.verbs.batches import compare, explain, sweep

        return {"sweep": sweep, "compare": compare, "explain": explain}[verb]
    if verb == "report":
        from sim.verbs.report import report

        return report
    from sim.verbs.look import check, completion, describe, new, schema, statement, trace, validate

    return {
        "check": check,
        "trace": trace,
        "statement": statement,
        "describe": describe,
        "new": new,
        "schema": schema,
        "validate": validate,
        "completion": completion,
    }[verb]
