"""The arguments of the command line: verbs and their options."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from shutil import get_terminal_size
from textwrap import fill
from typing import NoReturn

from sim import __version__

VERBS = (
    *(
        "run",
        "sweep",
        "compare",
        "explain",
        "report",
        "check",
        "validate",
        "describe",
        "schema",
        "new",
        "trace",
        "statement",
    ),
    "completion",
)
MOST_DRAWS = 100_000_000
DRAWS, SEED = 10_240, 1
"""Defaults of a run."""


WIDTH = 100
"""Most columns of help and of what is wrong with the arguments."""


class Parser(argparse.ArgumentParser):
    """A parser that keeps to the width of a page."""

    def _get_formatter(self) -> argparse.HelpFormatter:
        return argparse.HelpFormatter(self.prog, width=min(get_terminal_size().columns - 2, WIDTH))

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the arguments."""
        self.print_usage(sys.stderr)
        text = f"{self.prog}: error: {message}"
        self.exit(2, f"{fill(text, WIDTH, subsequent_indent='    ') if sys.stderr.isatty() else text}\n")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line; also what shell completion is made from."""
    top = Parser(
        prog="python -m sim",
        description="Does an energy link pay back, when, for whom? Simulate a scenario file.",
        epilog="A first word that is not a verb is a scenario: python -m sim scenarios/base.yaml, or just: base",
    )
    top.add_argument("--version", action="version", version=f"linkfeasibility {__version__}")
    verbs = top.add_subparsers(title="verbs", metavar="VERB", required=True)
    _run_options(verbs.add_parser("run", help="simulate a scenario, print the verdict, write the results"))
    _sweep_options(verbs.add_parser("sweep", help="simulate many cases: axes of keys or files, or a study file"))
    _compare_options(verbs.add_parser("compare", help="hold results against each other: differences and their errors"))
    _explain_options(verbs.add_parser("explain", help="which changed inputs make the difference of two scenarios"))
    _report_options(verbs.add_parser("report", help="one page of HTML to send, from results folders"))

    _check_options(verbs.add_parser("check", help="read scenarios: what was understood, or everything that is wrong"))
    trace = verbs.add_parser("trace", help="take a number apart, down to the inputs and their sources")
    trace.add_argument("file", metavar="FILE", help="scenario file or name")
    trace.add_argument("--line", required=True, help="line of the cash flow, or a metric")
    trace.add_argument("--year", type=int, help="calendar year (not for metrics)")
    _draw_options(trace)
    trace.set_defaults(verb="trace")

    _statement_options(verbs.add_parser("statement", help="sources and uses, cash flow, debt, balance sheet"))

    _other_verbs(verbs)
    for verb in dict.fromkeys(verbs.choices.values()):
        verb.add_argument("--no-color", action="store_true", help="plain text on a terminal, too (as does NO_COLOR)")
    return top


def _other_verbs(verbs: argparse._SubParsersAction[Parser]) -> None:
    describe = verbs.add_parser("describe", help="what a key, metric or line means: unit, bounds, formula, source")
    describe.add_argument("name", nargs="?", metavar="KEY", help="key, metric or line; without it an overview")
    describe.set_defaults(verb="describe")

    new = verbs.add_parser("new", help="write NAME.yaml here: a complete scenario with comments, to be changed")
    new.add_argument("name", metavar="NAME")
    new.set_defaults(verb="new")

    verbs.add_parser("schema", help="print the JSON schema of scenario files").set_defaults(verb="schema")

    validate = verbs.add_parser("validate", help="compare the engine with outside reference cases")
    validate.add_argument("--cases", type=Path, metavar="FOLDER", help="folder of JSON cases (those that come along)")
    validate.set_defaults(verb="validate")

    completion = verbs.add_parser("completion", help="print shell completion")
    completion.add_argument("shell", choices=("bash", "zsh", "tcsh"))
    completion.set_defaults(verb="completion")


def _run_options(run: argparse.ArgumentParser) -> None:
    run.add_argument("file", metavar="FILE", help="scenario file, name of a shipped one, or manifest.yaml of a run")
    draws = f"futures, in whole replicates of 256 ({DRAWS})"
    run.add_argument("--draws", type=positive, metavar="N", help=draws)
    run.add_argument("--seed", type=int, metavar="N", help=f"seed of all chance ({SEED})")
    _crew_options(run, "processes (1; all cores from 200,000 draws)")
    out = "results go to DIR/SCENARIO (results)"
    run.add_argument("--out", type=Path, default=Path("results"), metavar="DIR", help=out)
    _set_option(run)
    keep = "also keep the inputs of every draw, and a CSV of all draws"
    run.add_argument("--keep-draws", action="store_true", help=keep)
    run.add_argument("--dry-run", action="store_true", help="print the resolved scenario instead of running it")
    run.add_argument("--quiet", action="store_true", help="print nothing but errors")
    run.set_defaults(verb="run")


def _sweep_options(sweep: argparse.ArgumentParser) -> None:
    sweep.add_argument("file", metavar="FILE", help="scenario file or name, or a study file (scenarios/sweeps/)")
    vary = "an axis: KEY=V1,V2,…, KEY=START:STOP:STEP (STOP included), KEY=x0.9,x1.1 (factors), NAME=@FILE-OR-FOLDER,…"
    sweep.add_argument("--vary", action="append", default=[], metavar="AXIS", help=vary)
    sweep.add_argument("--zip", action="store_true", help="move along all axes together instead of crossing them")
    metric = "a metric for the table; may be repeated, or all (the main ones)"
    sweep.add_argument("--metric", action="append", default=[], metavar="NAME", help=metric)
    sweep.add_argument("--draws", type=positive, metavar="N", help=f"futures of each case, all the same ({DRAWS})")
    sweep.add_argument("--seed", type=int, metavar="N", help=f"seed of all chance ({SEED})")
    sweep.add_argument(
        "--out", type=Path, default=Path("results"), metavar="DIR", help="results go to DIR/NAME (results)"
    )
    sweep.add_argument("--name", metavar="NAME", help="name of the folder (the study file's, or after the axes)")
    _crew_options(sweep, "processes (all cores)")
    _set_option(sweep)
    sweep.add_argument("--dry-run", action="store_true", help="say how many cases, how long, and show the first five")
    sweep.add_argument("--quiet", action="store_true", help="print nothing but errors")
    sweep.set_defaults(verb="sweep")


def _compare_options(compare: argparse.ArgumentParser) -> None:
    what = "results folder of a run or a sweep, summary.csv or cases.csv; the first is what the others are held against"
    compare.add_argument("results", nargs="+", type=Path, metavar="RESULTS", help=what)
    compare.add_argument("--csv", type=Path, metavar="DIR", help="also write the tables as CSV into DIR")
    compare.add_argument("--markdown", action="store_true", help="print tables for a page instead of the screen")
    compare.set_defaults(verb="compare")


def _explain_options(explain: argparse.ArgumentParser) -> None:
    explain.add_argument("first", metavar="A", help="scenario file or name")
    explain.add_argument("second", metavar="B", help="the other one: what makes B differ from A?")
    metric = 'what is explained: METRIC (its mean), p50(METRIC), "P(project_payback_years <= 25)" (project_npv_usd)'
    explain.add_argument("--metric", default="project_npv_usd", metavar="MEASURE", help=metric)
    by = "changes are taken together by section of the file (the default), or one by one"
    explain.add_argument("--by", choices=("section", "key"), default="section", help=by)
    explain.add_argument("--draws", type=positive, default=DRAWS, metavar="N", help=f"futures ({DRAWS})")
    explain.add_argument("--seed", type=int, default=SEED, metavar="N", help=f"seed of all chance ({SEED})")
    _crew_options(explain, "processes (all cores)")
    explain.add_argument("--csv", type=Path, metavar="DIR", help="also write the tables as CSV into DIR")
    explain.add_argument("--quiet", action="store_true", help="print nothing but errors")
    explain.set_defaults(verb="explain")


def _report_options(report: argparse.ArgumentParser) -> None:
    what = "results folders: of runs, of sweeps, or of compare --csv; the first is the one that the page is about"
    report.add_argument("results", nargs="+", type=Path, metavar="RESULTS", help=what)
    report.add_argument("--out", type=Path, metavar="FILE", help="where the page goes (RESULTS/report.html)")
    report.add_argument("--png", type=Path, metavar="DIR", help="also write the charts as PNG into DIR")
    report.add_argument("--svg", type=Path, metavar="DIR", help="also write the charts as SVG into DIR")
    report.add_argument("--open", action="store_true", help="show the page in the browser")
    report.set_defaults(verb="report")


def _crew_options(verb: argparse.ArgumentParser, processes: str) -> None:
    verb.add_argument("--workers", type=positive, metavar="N", help=processes)
    cluster = "a Dask scheduler such as tcp://host:8786, or local; needs the extra [cluster] and a trusted network"
    verb.add_argument("--cluster", metavar="ADDRESS", help=cluster)


def _check_options(check: argparse.ArgumentParser) -> None:
    check.add_argument("files", nargs="+", metavar="FILE")
    _set_option(check)
    check.set_defaults(verb="check")


def _statement_options(statement: argparse.ArgumentParser) -> None:
    statement.add_argument("file", metavar="FILE", help="scenario file or name")
    _draw_options(statement)
    by = "a column for each year (the default) or for each period"
    statement.add_argument("--by", choices=("year", "period"), default="year", help=by)
    statement.add_argument("--csv", type=Path, metavar="DIR", help="also write the four tables as CSV into DIR")
    statement.set_defaults(verb="statement")


def _draw_options(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--draw", type=int, metavar="N", help="a draw, from 0; without it the lenders' case")
    verb.add_argument("--seed", type=int, default=SEED, metavar="N", help=f"seed of the draw ({SEED})")
    _set_option(verb)


def _set_option(verb: argparse.ArgumentParser) -> None:
    text = "change a number, as in --set link.capacity_mw=600"
    verb.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help=text)


def positive(text: str) -> int:
    """Return a whole number that some draws or processes can be."""
    if not text.lstrip("+-").isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number such as 10000")
    value = int(text)
    if not 1 <= value <= MOST_DRAWS:
        raise argparse.ArgumentTypeError(f"must be from 1 to {MOST_DRAWS:,}")
    return value
