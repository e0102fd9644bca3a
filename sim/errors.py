"""The one public error: everything that is wrong with what the user wrote, at once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One mistake in the input: where it stands, at which key, what is wrong and how to mend it."""

    where: str
    path: str
    message: str
    cure: str = ""

    def __str__(self) -> str:
        """Return ``file:line: dotted.path: message; cure``."""
        place = ": ".join(part for part in (self.where, self.path) if part)
        text = f"{place}: {self.message}" if place else self.message
        return f"{text}; {self.cure}" if self.cure else text


class ScenarioError(Exception):
    """The input cannot be used; ``problems`` lists every reason that was found."""

    def __init__(self, problems: list[Problem] | tuple[Problem, ...]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[tuple[Problem, ...]]]:
        """Return how to make it again in another process."""
        return type(self), (self.problems,)

    @classmethod
    def single(cls, message: str, *, where: str = "", path: str = "", cure: str = "") -> ScenarioError:
        """Return an error with one problem."""
        return cls([Problem(where, path, message, cure)])
