"""The plan of the house: who may import whom, where chance and printing live, how long files and functions may be."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "sim"
ROOMS = (
    *("timeline", "macro", "terms", "sanctions", "effects", "regimes", "costs", "works", "construction", "running"),
    *("physical", "market", "dispatch", "operations", "tax", "blocked", "project", "repayment", "loans"),
    *(
        "borrowing",
        "limits",
        "sizing",
        "owners",
        "books",
        "opening",
        "funding",
        "default",
        "waterfall",
        "financing",
        "roots",
        "irr",
        "metrics",
        "finance_metrics",
        "bearers",
        "counterfactual",
    ),
)
"""The rooms of `sim.model` in the order in which money flows; a room sees only those before it."""
ALLOWED: dict[str, tuple[str, ...]] = {
    "sim": ("sim.errors", "sim.notebook"),
    "sim.__main__": ("sim.cli",),
    "sim.errors": (),
    "sim.base": ("sim.base", "sim.errors"),
    **{f"sim.model.{room}": ("sim.base", *(f"sim.model.{r}" for r in ROOMS[:i])) for i, room in enumerate(ROOMS)},
    "sim.model": (),
    "sim.explain_errors": ("sim.base", "sim.errors"),
    "sim.sections": ("sim.base", "sim.model"),
    "sim.checks": (
        *("sim.base", "sim.checks_of_finance", "sim.checks_of_market", "sim.checks_of_sanctions", "sim.checks_of_tax"),
        *("sim.model", "sim.sections", "sim.warnings_of_sanctions"),
    ),
    "sim.checks_of_market": ("sim.base", "sim.model", "sim.sections"),
    "sim.checks_of_sanctions": ("sim.base", "sim.model", "sim.sections"),
    "sim.warnings_of_sanctions": ("sim.base", "sim.model", "sim.sections"),
    "sim.checks_of_finance": ("sim.base", "sim.model", "sim.sections"),
    "sim.checks_of_tax": ("sim.base", "sim.model"),
    "sim.scenario": ("sim.base", "sim.checks", "sim.errors", "sim.explain_errors", "sim.sections"),
    "sim.stages": ("sim.base", "sim.model", "sim.scenario"),
    "sim.prepare": ("sim.base", "sim.errors", "sim.explain_errors", "sim.model", "sim.scenario", "sim.stages"),
    "sim.collect": ("sim.base", "sim.model", "sim.scenario", "sim.stages"),
    "sim.engine": (
        *("sim.base", "sim.collect", "sim.errors", "sim.model", "sim.prepare", "sim.scenario", "sim.seam"),
        "sim.stages",
    ),
    "sim.tables": (
        "sim.base",
        "sim.collect",
        "sim.model.counterfactual",
        "sim.model.finance_metrics",
        "sim.model.metrics",
    ),
    "sim.sheets": (),
    "sim.arguments": ("sim",),
    "sim.lock": ("sim.errors",),
    "sim.folder": ("sim.errors", "sim.lock"),
    "sim.manifest": ("sim", "sim.base", "sim.errors", "sim.scenario"),
    "sim.results": ("sim", "sim.collect", "sim.errors", "sim.folder", "sim.manifest", "sim.tables"),
    "sim.notebook": ("sim.collect", "sim.engine", "sim.scenario", "sim.tables"),
    "sim.report.html": (
        *("sim", "sim.base", "sim.batch", "sim.checks", "sim.errors", "sim.model", "sim.report", "sim.results"),
        *("sim.scenario", "sim.tables"),
    ),
    "sim.report": (
        *("sim.base", "sim.batch", "sim.checks", "sim.collect", "sim.model.metrics", "sim.report", "sim.results"),
        "sim.tables",
    ),
    "sim.report.statement_page": ("sim.report.format", "sim.sheets"),
    "sim.study": (
        *("sim.base", "sim.checks", "sim.collect", "sim.engine", "sim.errors", "sim.model"),
        *("sim.prepare", "sim.report.format", "sim.scenario", "sim.sheets", "sim.stages", "sim.study", "sim.tables"),
    ),
    "sim.batch": (
        *("sim", "sim.base", "sim.batch", "sim.collect", "sim.engine", "sim.errors", "sim.folder", "sim.lock"),
        *("sim.manifest", "sim.model", "sim.prepare", "sim.results", "sim.scenario", "sim.seam", "sim.source"),
        "sim.tables",
    ),
    "sim.source": (),
    "sim.seam": ("sim.errors", "sim.source"),
    "sim.cluster": ("sim.errors", "sim.seam"),
    "sim.cli": ("sim.arguments", "sim.errors", "sim.verbs"),
    "sim.verbs": (
        *("sim", "sim.arguments", "sim.batch", "sim.checks", "sim.cluster", "sim.collect", "sim.engine"),
        *("sim.errors", "sim.manifest", "sim.prepare", "sim.report", "sim.results", "sim.scenario", "sim.seam"),
        *("sim.study", "sim.verbs"),
    ),
}
"""Module or package: what its code may import of this package. A module goes by the longest name that covers it."""
MAX_FILE_LINES = 320
MAX_BODY_LINES = 40


@cache
def modules() -> dict[str, Path]:
    """Return every module of the package: dotted name to file."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


@cache
def tree(name: str) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(modules()[name].read_text("utf-8"))


def running(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes below one, without what stands under ``if TYPE_CHECKING``."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            yield from (inner for other in child.orelse for inner in (other, *running(other)))
            continue
        yield child
        yield from running(child)


def targets(node: ast.AST) -> Iterator[str]:
    """Yield the modules that an import statement names."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute here"
        for alias in node.names:
            whole = f"{node.module}.{alias.name}"
            yield whole if whole in modules() else str(node.module)


@cache
def imports(name: str) -> tuple[tuple[str, int], ...]:
    """Return the modules of this package that a module imports when it runs, wherever it does so, with the line."""
    return tuple(
        (target, getattr(node, "lineno", 0))
        for node in running(tree(name))
        for target in targets(node)
        if covers("sim", target)
    )


def covers(name: str, module: str) -> bool:
    """Say whether a name is a module or a package around it."""
    return module == name or module.startswith(f"{name}.")


def permitted(name: str) -> tuple[str, ...]:
    """Return what a module may import, by the longest entry of the table that covers it; "sim" covers itself only."""
    entries = [entry for entry in ALLOWED if entry == name or (entry != "sim" and covers(entry, name))]
    assert entries, f"{name} has no entry in ALLOWED: say what it may import"
    return ALLOWED[max(entries, key=len)]


def within(target: str, names: tuple[str, ...]) -> bool:
    """Say whether an imported module is one of some names or inside one; "sim" stands for itself only."""
    return any(target == name or (name != "sim" and covers(name, target)) for name in names)


@pytest.mark.parametrize("name", modules())
def test_imports_are_in_the_table(name: str) -> None:
    """A module imports only what the table allows, inside functions too; typing alone is free."""
    wrong = [f"line {line}: {target}" for target, line in imports(name) if not within(target, permitted(name))]
    assert not wrong, f"{name} may not import {wrong}; it may import {permitted(name)}"


def test_rules_that_the_table_must_keep() -> None:
    """Nothing imports the command line, no report imports the engine, base knows only itself and the error."""
    for name in modules():
        targets_ = {target for target, _ in imports(name)}
        assert "sim.cli" not in targets_ or name == "sim.__main__", name
        assert not covers("sim.report", name) or "sim.engine" not in targets_, name
        assert not covers("sim.base", name) or all(within(t, ("sim.base", "sim.errors")) for t in targets_), name


def test_no_circular_imports() -> None:
    """No chain of imports comes back to where it began, imports inside functions included."""
    graph = {name: sorted({target for target, _ in imports(name)} - {"sim"}) for name in modules()}
    done: set[str] = set()
    circles = []

    def visit(name: str, way: tuple[str, ...]) -> None:
        if name in way:
            circles.append(" -> ".join((*way[way.index(name) :], name)))
        elif name not in done:
            for target in graph[name]:
                visit(target, (*way, name))
            done.add(name)

    for name in graph:
        visit(name, ())
    assert not circles


@pytest.mark.parametrize("name", [name for name in modules() if name != "sim.base.sampling"])
def test_only_sampling_makes_random_numbers(name: str) -> None:
    """No other module imports a source of random numbers or reaches for ``np.random``."""
    makers = ("random", "secrets", "uuid", "numpy.random", "scipy.stats")
    for node in ast.walk(tree(name)):
        found = [target for target in targets(node) if any(covers(maker, target) for maker in makers)]
        if isinstance(node, ast.ImportFrom) and node.module == "numpy":
            found += [alias.name for alias in node.names if alias.name == "random"]
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("np.random", "numpy.random", "os.urandom"):
            found.append(ast.unparse(node))
        assert not found, f"{name}:{getattr(node, 'lineno', 0)} uses {found}"


@pytest.mark.parametrize("name", [n for n in modules() if n != "sim.cli" and not covers("sim.verbs", n)])
def test_only_the_command_line_prints(name: str) -> None:
    """No other module calls ``print``; the page after a run goes through its console."""
    calls = [node.lineno for node in ast.walk(tree(name)) if isinstance(node, ast.Name) and node.id == "print"]
    assert not calls, f"{name} prints on lines {calls}"


@pytest.mark.parametrize("name", modules())
def test_files_are_short(name: str) -> None:
    """A file stays below the limit; past it there is a second room asking for a door."""
    lines = len(modules()[name].read_text("utf-8").splitlines())
    assert lines <= MAX_FILE_LINES, f"{name} has {lines} lines"


@pytest.mark.parametrize("name", modules())
def test_functions_are_short(name: str) -> None:
    """A function body, its docstring not counted, stays below the limit."""
    long = []
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
            lines = (body[-1].end_lineno or 0) - body[0].lineno + 1
            if lines > MAX_BODY_LINES:
                long.append(f"{node.name} on line {node.lineno}: {lines} lines")
    assert not long
