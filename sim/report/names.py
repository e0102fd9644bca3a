"""What things are called in words: keys of a scenario, parties, inputs by their dotted path.

Names come from scenarios and are shown as they are written there, words apart and abbreviations of the field in capital
letters; the dotted path stays beside them wherever somebody may want to change the number.
"""

from __future__ import annotations

import re

CAPITALS = (
    *("jbic", "nexi", "ebrd", "eib", "adb", "aiib", "ifc", "miga", "veb", "kfw", "ndb"),
    *("usd", "jpy", "eur", "rub", "cny", "krw", "gbp", "lng", "hvdc", "gw", "mw"),
)
ABBREVIATIONS = {
    **{name: name.upper() for name in CAPITALS},
    "km": "km",
    "mwh": "MWh",
    "kwh": "kWh",
    "twh": "TWh",
    "om": "O&M",
    "euribor": "Euribor",
    "gres2": "GRES-2",
}
"""Words that are no words."""
PLACES = {
    **{name: name.capitalize() for name in ("japan", "russia", "china", "korea", "finland", "estonia", "germany")},
    **{name: name.capitalize() for name in ("crimea", "newcastle", "hokkaido", "sakhalin", "europe", "turkey")},
    "west": "the West",
    "usa": "the USA",
    "us": "the USA",
    "uk": "the UK",
    "eu": "the EU",
    **{name: name.capitalize() for name in ("japanese", "russian", "chinese", "korean", "finnish", "european")},
}
"""Names of places, as far as the shipped scenarios and their neighbours have them."""
PARTIES = {
    "cash_in_company": "cash waiting in the company",
    "held_dividends": "dividends held back",
    "blocked_accounts": "blocked accounts, at rest or lost",
    "suppliers": "suppliers and states that are owed",
    "banks": "banks (interest on reserves)",
    "seizing_state": "the seizing state",
    "grants": "givers of grants",
}
POTS = ("cash_in_company", "held_dividends", "blocked_accounts")
"""What is nobody's yet, or no more, and so neither gains nor loses."""
_PARTIES = (("sponsors_", "sponsors of "), ("lender_", "lender "), ("state_", "taxes of "))
_GROUPS = (
    *("items", "operating", "commodities", "fx", "reference_rates", "tranches", "jurisdictions"),
    *("evaluation", "macro"),
)
"""Keys that only gather others."""
_SINGLE = {"value", "amount_million", "amount_usd"}
"""Last keys that say no more than the key before them."""
_PER = r"per_(?:year|[km]wh|gw|t)"
_UNIT = re.compile(rf"(?:^|_)((?:mw|km|usd|million|years|months|days)(?:_{_PER})?|{_PER})$")
"""The unit at the end of a key."""


def spoken(key: str) -> str:
    """Return a key as words.

    >>> spoken("commercial_banks"), spoken("jbic"), spoken("price_effect_per_gw")
    ('commercial banks', 'JBIC', 'price effect per GW')
    """
    return " ".join(ABBREVIATIONS.get(word, PLACES.get(word, word)) for word in key.split("_"))


def capital(text: str) -> str:
    """Return a text with a capital letter first.

    >>> capital("suppliers of gas"), capital("")
    ('Suppliers of gas', '')
    """
    return text[:1].upper() + text[1:]


def party(name: str) -> str:
    """Return what a party of bearers.csv is called.

    >>> party("sponsors_japan"), party("lender_jbic"), party("suppliers")
    ('sponsors of Japan', 'lender JBIC', 'suppliers and states that are owed')
    """
    if name in PARTIES:
        return PARTIES[name]
    for prefix, text in _PARTIES:
        if name.startswith(prefix):
            return text + spoken(name.removeprefix(prefix))
    return spoken(name)


def input_name(path: str) -> str:
    """Return what an input is called: its dotted path, with what is said of it in brackets, as words.

    >>> input_name("costs.items.plant.overrun"), input_name("timeline.construction.years")
    ('Plant: overrun', 'Construction, years')
    >>> input_name("sanctions.regimes.sectoral (share of years)"), input_name("sanctions.rates.sectoral.full")
    ('Share of years under “sectoral”', 'Sanctions: yearly rate from “sectoral” to “full”')
    >>> input_name("sanctions.regimes.full.export_share"), input_name("macro.fx.jpy (mean)")
    ('“full”: export share', 'JPY per USD (mean)')
    >>> input_name("market.price_per_kwh (mean, in USD)"), input_name("something")
    ('Market: price, per kWh (mean, in USD)', 'Something')
    >>> input_name("costs.items.*.amount_million"), input_name("costs.items.*.overrun")
    ('Costs of all items', 'All items: overrun')
    """
    bare, _, said = path.partition(" (")
    keys = bare.split(".")
    if keys[:2] == ["sanctions", "regimes"] and len(keys) == 3 and said == "share of years)":
        return f"Share of years under “{spoken(keys[2])}”"
    return ", ".join(part for part in name_and_unit(bare) if part) + (f" ({said}" if said else "")


def name_and_unit(path: str) -> tuple[str, str]:
    """Return what an input is called by its dotted path, and the unit at the end of it; empty where there is none.

    >>> name_and_unit("link.capacity_mw"), name_and_unit("sanctions.regimes.full.export_limit_mw")
    (('Link: capacity', 'MW'), ('“full”: export limit', 'MW'))
    >>> name_and_unit("timeline.construction.years"), name_and_unit("market.price_effect_per_gw")
    (('Construction', 'years'), ('Market: price effect', 'per GW'))
    >>> name_and_unit("costs.operating.grid.amount_million_per_year"), name_and_unit("timeline.start_year")
    (('Grid: amount', 'million per year'), ('Timeline: start year', ''))
    """
    keys = path.split(".")
    if keys[:2] == ["sanctions", "rates"] and len(keys) == 4:
        return f"Sanctions: yearly rate from “{spoken(keys[2])}” to “{spoken(keys[3])}”", ""
    if keys[:2] == ["macro", "fx"] and len(keys) > 2 and re.fullmatch("[a-z]{3}", keys[2]):
        return " ".join([f"{keys[2].upper()} per USD", *map(spoken, keys[4:])]), ""
    if keys[:2] == ["sanctions", "regimes"] and len(keys) == 3:
        return f"“{spoken(keys[2])}”", ""
    last, unit = _apart(keys)
    if keys[:2] == ["sanctions", "regimes"] and len(keys) == 4:
        return f"“{spoken(keys[2])}”: {spoken(last)}", unit
    keys = [*keys[:-1], last] if last else keys[-2:-1]
    if "*" in keys[1:-1]:
        place = keys.index("*")
        of = f"all {spoken(keys[place - 1])}"
        single = place == 2 and keys[place + 1] in _SINGLE
        keys = [f"{keys[0]} of {of}"] if single else [of, *keys[place + 1 :]]
    return capital(_joined([key for key in keys if key not in _GROUPS])), unit


def _apart(keys: list[str]) -> tuple[str, str]:
    """Return the last key without its unit, and the unit; what stands for the key before it keeps it.

    >>> _apart(["market", "price_per_kwh"]), _apart(["construction", "years"]), _apart(["size_mw"])
    (('price', 'per kWh'), ('', 'years'), ('size_mw', ''))
    """
    found = _UNIT.search(keys[-1]) if len(keys) > 1 and keys[-1] not in _SINGLE else None
    if found and not found.start() and keys[-2] == "*":
        return keys[-1], ""
    return (keys[-1][: found.start()], spoken(found[1])) if found else (keys[-1], "")


def inside(name: str) -> str:
    """Return a name as it stands inside a sentence.

    >>> inside("Link: capacity MW"), inside("JPY per USD")
    ('link capacity MW', 'JPY per USD')
    """
    first = re.match(r"\w*", name)
    assert first is not None
    return (spoken(first[0].lower()) + name[first.end() :]).replace(": ", " ")


def _joined(keys: list[str]) -> str:
    """Return keys as words: what it is of, a colon, and what it is."""
    if len(keys) > 2:
        keys = keys[1:]
    if len(keys) > 1 and keys[-1] in _SINGLE:
        keys = keys[:-1]
    *of, what = map(spoken, keys)
    return f"{', '.join(of)}: {what}" if of else what
