"""What is legal in the sanctions of a scenario but probably not meant, or does nothing."""

from __future__ import annotations

from collections.abc import Iterator

from sim.base import reach
from sim.base.words import closest
from sim.model.regimes import allowed
from sim.model.sanctions import Sanctions
from sim.sections import Scenario


def warnings(written: Scenario) -> list[str]:
    """Return what is legal in the sanctions but probably not meant, or does nothing."""
    section = written.sanctions
    if section is None:
        return []
    found = []
    if reach.high(written.evaluation.country_premium) > 0.0:
        found.append(
            "evaluation.country_premium puts political risk into the rate while sanctions put it into the cash: it "
            "counts twice; write country_premium: 0, or delete sanctions"
        )
    return [*found, *_idle(written, section), *_strangers(written, section), *_unreached(written, section)]


def _idle(written: Scenario, section: Sanctions) -> Iterator[str]:
    """Yield effects on what is not there, and terms of what does not happen."""
    loans = list(written.financing.tranches.values()) if written.financing is not None else []
    things: tuple[tuple[str, float, bool, str], ...] = (
        (
            *("cost_factor", 1.0, any(item.sanctioned_equipment for item in written.costs.items.values())),
            "no item of costs.items has sanctioned_equipment: true",
        ),
        (
            *("insurance_factor", 1.0, any(entry.insurance for entry in written.costs.operating.values())),
            "no entry of costs.operating has insurance: true",
        ),
        ("margin_addon", 0.0, not loans or any(loan.margin is not None for loan in loans), "no loan has a margin"),
    )
    for effect, neutral, there, why in things:
        name = _with(section, effect, neutral)
        if name is not None and not there:
            yield f"sanctions.regimes.{name}.{effect} does nothing: {why}"
    lost = any(reach.high(share) > 0.0 for share in section.seizure_loss.values())
    seized = _with(section, "seizure_per_year", 0.0)
    if seized is not None and not lost:
        yield (
            f"sanctions.regimes.{seized}.seizure_per_year does nothing but confiscate blocked revenue: "
            "no nation has a sanctions.seizure_loss"
        )
    if lost and seized is None:
        yield "sanctions.seizure_loss does nothing: no regime has seizure_per_year"
    if reach.low(section.blocked_recovery) < 1.0 and _with(section, "revenue_blocked", 0.0) is None:
        yield "sanctions.blocked_recovery does nothing: no regime has revenue_blocked"
    halts = any(r.lenders_stop or (r.pace is not None and reach.low(r.pace) <= 0.0) for r in section.regimes.values())
    if section.stoppage is not None and not halts:
        yield "sanctions.stoppage does nothing: no regime has pace 0 or lenders_stop, so that works never stop"


def _with(section: Sanctions, effect: str, neutral: float) -> str | None:
    """Return the first regime in which an effect can be above its neutral value."""
    given = ((name, getattr(regime, effect)) for name, regime in section.regimes.items())
    return next((name for name, value in given if value is not None and reach.high(value) > neutral), None)


def _strangers(written: Scenario, section: Sanctions) -> Iterator[str]:
    """Yield names of nations and lenders that nobody has; without lenders, or owners by name, nobody is missed."""
    terms = written.financing
    if terms is None:
        return
    nations = {owner.nation for owner in terms.sponsors.values()} | {loan.nation for loan in terms.tranches.values()}
    lists: dict[str, list[tuple[str, str]]] = {"lenders_stop": [], "dividends_blocked": []}
    for regime, effects in section.regimes.items():
        for effect, named in lists.items():
            named += [(f"sanctions.regimes.{regime}.{effect}", name) for name in getattr(effects, effect)]
    owners = [*lists["dividends_blocked"], *((f"sanctions.seizure_loss.{name}", name) for name in section.seizure_loss)]
    said = set()
    for named, known, there in (
        (lists["lenders_stop"], nations | set(terms.tranches), terms.tranches),
        (owners, nations, terms.sponsors),
    ):
        for path, name in named:
            if there and name not in known and (path.rpartition(".")[2], name) not in said:
                said.add((path.rpartition(".")[2], name))
                whose = "lender or sponsor" if known == nations else "loan, lender or sponsor"
                near = closest(name, known)
                yield f"{path}: {name} is no {whose}" + (f"; did you mean {near}?" if near else "")


def _unreached(written: Scenario, section: Sanctions) -> Iterator[str]:
    """Yield regimes that never come, and a decision that never or always can be taken."""
    come = {section.initial, *(section.script or {}).values()}
    table = section.rates or section.probabilities or {}
    ways = [(a, b) for a, row in table.items() for b, value in row.items() if reach.high(value) > 0.0]
    for _ in section.regimes:
        come |= {b for a, b in ways if a in come}
    terms, decision = written.financing, written.timeline.decision
    used = come | ({terms.case.regime} if terms is not None else set())
    never = [name for name in list(section.regimes)[1:] if name not in used]
    if never:
        verb = "are" if len(never) > 1 else "is"
        yield f"sanctions.regimes: {', '.join(never)} {verb} never reached from initial, script and rates"
    if decision is None:
        return
    good = allowed(section, decision, terms.tranches if terms is not None else {})
    if not any(name in come for name, can in zip(section.regimes, good, strict=True) if can):
        yield "timeline.decision is never taken: no regime that is reached allows it"
    elif decision.no_worse_than == list(section.regimes)[-1] and not decision.lenders_willing:
        yield "timeline.decision does nothing: it can be taken in every regime"
