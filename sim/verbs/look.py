"""The verbs that look at a scenario, or at the program, without simulating futures."""

from __future__ import annotations

import argparse
from pathlib import Path

from sim.arguments import parser
from sim.verbs.reading import complain, read_scenario
from sim.verbs.screen import show, width, wrapped


def check(options: argparse.Namespace) -> int:
    """Say what was understood of scenarios, or everything that is wrong with them."""
    from sim.errors import ScenarioError
    from sim.prepare import prepare
    from sim.report.letters import bold
    from sim.study.check_page import page

    code = 0
    for i, file in enumerate(options.files):
        try:
            text = page(prepare(read_scenario(file, options.set)), width(), file, bold)
        except ScenarioError as error:
            complain(error)
            code = 2
            continue
        if i:
            print()
        show(text)
    return code


def trace(options: argparse.Namespace) -> int:
    """Take a number apart."""
    from sim.report.titles import TITLES
    from sim.study.trace import trace

    spec = read_scenario(options.file, options.set)
    show(wrapped(trace(spec, options.line, options.year, options.draw, options.seed, TITLES), width()))
    return 0


def statement(options: argparse.Namespace) -> int:
    """Print what a lender follows, and write it as CSV where asked."""
    from sim.report.letters import bold
    from sim.report.names import spoken
    from sim.report.statement_page import page
    from sim.results import write_tables
    from sim.study.statement import statement, tables

    spec = read_scenario(options.file, options.set)
    made = statement(spec, options.draw, options.seed, by_period=options.by == "period")
    files = write_tables(tables(made), options.csv, "--csv") if options.csv is not None else []
    show(page(made, width(), spoken, bold))
    if files:
        print(f"written to {options.csv}: {', '.join(file.name for file in files)}")
    return 0


def describe(options: argparse.Namespace) -> int:
    """Say what a key, metric or line means."""
    from sim.report.letters import bold
    from sim.study.describe import describe

    show(describe(options.name, width(), bold))
    return 0


def schema(options: argparse.Namespace) -> int:
    """Print the JSON schema of scenario files."""
    from sim.study.schema import schema_text

    print(schema_text(), end="")
    return 0


def new(options: argparse.Namespace) -> int:
    """Write a commented scenario."""
    from sim.errors import ScenarioError
    from sim.study.template import new

    file = Path(f"{options.name}.yaml")
    text = new(options.name)
    try:
        with file.open("x", encoding="utf-8") as handle:
            handle.write(text)
    except FileExistsError:
        raise ScenarioError.single("is there already", where=str(file), cure="choose another name") from None
    except OSError as error:
        cure = "go to a folder that can be written to"
        raise ScenarioError.single(f"cannot be written: {error.strerror}", where=str(file), cure=cure) from None
    print(f"{file} written; next: python -m sim check {file}, then python -m sim {file}")
    return 0


def validate(options: argparse.Namespace) -> int:
    """Compare the engine with outside cases."""
    from sim.errors import ScenarioError
    from sim.study.template import shipped_cases
    from sim.study.validate import validate

    cases: Path = options.cases or shipped_cases()
    if not cases.is_dir():
        raise ScenarioError.single("is no folder", where=str(cases), cure="name a folder of JSON cases")
    lines = [f"Outside reference cases ({cases.name}): what the engine makes of them", ""]
    code = validate(cases, lines.append)
    show(wrapped("\n".join(lines), width()))
    return code


def completion(options: argparse.Namespace) -> int:
    """Print the completion of the installed command; ``python -m sim`` itself cannot be completed."""
    import shtab

    from sim.study.describe import names

    made = parser()
    made.prog = "linkfeasibility"
    verbs = next(action for action in made._actions if isinstance(action, argparse._SubParsersAction))
    for verb, dest in (
        *(("run", "file"), ("sweep", "file"), ("check", "files"), ("trace", "file"), ("statement", "file")),
        *(("explain", "first"), ("explain", "second"), ("compare", "results")),
    ):
        setattr(_action(verbs.choices[verb], dest), "complete", shtab.FILE)  # noqa: B010 - shtab reads this attribute
    _action(verbs.choices["describe"], "name").choices = names()
    print(shtab.complete(made, options.shell))
    return 0


def _action(verb: argparse.ArgumentParser, dest: str) -> argparse.Action:
    return next(action for action in verb._actions if action.dest == dest)
