"""What a link could carry and at what prices, taken apart: hours, limits, prices, dispatch terms (model.md 5 to 8)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.base.distributions import Z90
from sim.base.sampling import Draws
from sim.model import macro
from sim.model.market import PPA, Charge, FuelLinked
from sim.model.physical import FuelCost, Outages, PriceCost, fault_years, faults_per_year
from sim.stages import draw_faults
from sim.study.trace_costs import Building
from sim.study.trace_inputs import Array, kept, once
from sim.study.trace_tree import Node, Part, made, product, total


@dataclass(frozen=True)
class Selling(Building):
    """The operation of the link in one row."""

    @property
    def currency(self) -> str:
        """Currency of the market."""
        return self.spec.written.market.currency

    @property
    def price_unit(self) -> str:
        """Unit of the market price."""
        return f"{self.currency.upper()}/kWh"

    # --- hours and limits -----------------------------------------------------------------------------------------

    @kept
    def hours(self) -> Node:
        """Return the available hours of the row."""
        up = self._available() if self.spec.written.link.outages is None else self._outages()
        value = self.at(self.production.hours)
        return product(f"hours in {self.label}", "h", [8760.0, self.operating_years(), up], value=value)

    def _available(self) -> Node:
        leaf, slower = self.leaf("link.availability"), self.effect("repair_factor")
        if not slower:
            return leaf
        text, value = "max(1 − (1 − availability) × repair_factor, 0)", self.at(self.block.stage.available)
        return made("availability", "", text, lambda a, f: max(1.0 - (1.0 - a) * f, 0.0), [leaf, *slower], value)

    def _outages(self) -> Node:
        outages = self.block.scenario.link.outages
        assert outages is not None
        parts = [self.leaf("link.outages.converter_unavailability"), self._faults(outages)]
        text, value = "1 − converter_unavailability − faults, from 0 to 1", self.at(self.block.stage.available)
        return made("availability", "", text, lambda out, down: min(max(1.0 - out - down, 0.0), 1.0), parts, value)

    def _faults(self, outages: Outages) -> Node:
        keys = ("failures_per_100km_year", "repair_median_days", "repair_p90_days", "ice_factor", "ice_season_share")
        parts = [self.leaf(f"link.outages.{key}") for key in keys] + [self.leaf("link.length_km")]
        poles, name = outages.poles, "share of time lost to faults"
        if isinstance(self.chance, Draws):
            grid = self.model.grid
            faults = draw_faults(self.chance, grid, faults_per_year(self.block.scenario.link) * grid.dt)
            down = self.at(fault_years(outages, faults, grid, self.block.stage.effects.repair)) / (grid.dt * poles)
            parts += self.of_regimes("repair_factor", range(1, self.k + 1))
            text = f"repairs under way in this draw, over {poles} poles"
            text += "; each times repair_factor of the regime in which its fault begins" if len(parts) > 6 else ""
            return made(name, "", text, lambda *_: down, parts)

        def expected(
            rate: float, median: float, p90: float, ice: float, season: float, km: float, slower: float = 1.0
        ) -> float:
            mean = median * math.exp(0.5 * (math.log(p90 / median) / Z90) ** 2) * (1.0 + season * (ice - 1.0))
            return rate * km / 100.0 * mean / 365.0 / poles * slower

        slower = self.effect("repair_factor")
        text = f"faults a year × mean repair time / 365 / {poles} poles" + (" × repair_factor" if slower else "")
        return made(name, "", text, expected, [*parts, *slower])

    def sending_limit(self) -> Node:
        """Return the largest power that can be sent."""
        supply, dt = self.spec.written.supply, self.model.grid.dt
        start = self.end - dt
        age = made(
            "age at the start of the row",
            "years",
            f"max({start:g} − COD, 0)",
            lambda c: max(start - c, 0.0),
            [self.cod()],
        )
        parts = [self.leaf("supply.net_capacity_mw"), self.leaf("supply.availability")]
        if supply.ramp_up is not None:
            text = f"min(1, starts_at + (1 − starts_at) × (age + {0.5 * dt:g}) / years)"
            leaves = [age, self.leaf("supply.ramp_up.starts_at"), self.leaf("supply.ramp_up.years")]
            ramp = lambda a, first, years: min(1.0, first + (1.0 - first) * (a + 0.5 * dt) / years)  # noqa: E731
            parts.append(made("ramp-up", "", text, ramp, leaves))
        if (loss := self.leaf("supply.degradation_per_year")).value > 0.0:
            text = "(1 − degradation_per_year)^age"
            parts.append(made("ageing", "", text, lambda d, a: (1.0 - d) ** a, [loss, age]))
        able = product("supply limit", "MW", parts)
        limits = [self.leaf("link.capacity_mw"), able]
        return self._exported(limits, self.at(self.production.sending_limit_mw))

    def _exported(self, limits: list[Node], value: float) -> Node:
        """Return the sending limit, with what sanctions and cut-offs leave of it."""
        shares, most = [*self.effect("export_share"), *self.cut_off()], self.effect("export_limit_mw")
        text = "min(capacity_mw, supply limit)" + "".join(f" × {part.word}" for part in shares)
        text = f"min({text}, export_limit_mw)" if most else text

        def left(link: float, plant: float, *politics: float) -> float:
            factors, cap = politics[: len(shares)], politics[len(shares) :]
            return min(min(link, plant) * math.prod(factors), *cap, math.inf)

        return made("sending limit Q", "MW", text, left, [*limits, *shares, *most], value)

    @once
    def loss(self) -> Node:
        """Return the loss that grows with the square of the power received."""
        keys = ("converter_loss", "line_loss_per_1000km", "length_km", "onshore_km", "capacity_mw")

        def square(station: float, line: float, sea: float, land: float, power: float) -> float:
            lost = line * (sea + land) / 1000.0
            return lost * power / ((1.0 - station) * (1.0 - lost) * power) ** 2

        text = "l × capacity_mw / ((1 − converter_loss)(1 − l) × capacity_mw)², l = line loss of the whole length"
        value = float(self.production.losses.square[0])
        return made("line loss ρ", "1/MW", text, square, [self.leaf(f"link.{key}") for key in keys], value)

    @kept
    def limit(self) -> Node:
        """Return the largest power received."""
        parts = [self.sending_limit(), self.leaf("link.converter_loss"), self.loss()]
        text = "r at which r/(1 − converter_loss) + ρ·r² = Q"
        if self.spec.written.market.import_limit_mw is not None:
            parts.append(self.leaf("market.import_limit_mw"))
            text += ", at most import_limit_mw"

        def received(q: float, station: float, square: float, most: float = math.inf) -> float:
            gain = 1.0 / (1.0 - station)
            return min(2.0 * q / (gain + math.sqrt(gain * gain + 4.0 * square * q)), most)

        top = self.production.losses.received(self.production.sending_limit_mw)
        value = min(self.at(top), *(part.value for part in parts[3:]), math.inf)
        return made("limit R", "MW", text, received, parts, value)

    # --- prices ---------------------------------------------------------------------------------------------------

    @kept
    def quoted(self) -> Node:
        """Return the mean market price before any discount and the link's own effect."""
        section, value = self.block.scenario.market.price_per_kwh, self.at(self.block.prices.market_real)
        if isinstance(section, FuelLinked):
            real = self._fuel_linked(section, value)
        else:
            real = self.process("market.price_per_kwh", value, self.price_unit)
        index = self.index(self.currency, self.spec.written.market.price_year)
        name = "mean price without discount" if self.effect("price_discount") else "mean price P"
        return product(name, self.price_unit, [real, index], value=self.at(self.block.stage.world.prices.market))

    @kept
    def price(self) -> Node:
        """Return the mean market price that buyers pay, before the link's own effect."""
        if not (less := self._discount()):
            return self.quoted()
        parts, value = [self.quoted(), *less], self.at(self.block.prices.market)
        return product("mean price P", self.price_unit, parts, value=value)

    def _discount(self) -> list[Node]:
        """Return the part of a price that buyers pay; none without a discount."""
        found = self.effect("price_discount")
        return [made("part that buyers pay", "", "1 − price_discount", lambda d: 1.0 - d, found)] if found else []

    def _fuel_linked(self, section: FuelLinked, value: float) -> Node:
        path = "market.price_per_kwh"
        residual = macro.LogOU.model_construct(
            process="log_ou",
            spot=np.ones(1),
            median_level=np.ones(1),
            log_drift=np.zeros(1),
            reversion_per_year=section.reversion_per_year,
            volatility=section.volatility,
        )
        level, moving = self.at(self.path(path, residual)), "of this draw" if self.drawn else "on the median path"
        leaves = [self.leaf(f"{path}.{key}") for key in ("reversion_per_year", "volatility")]
        noise = made("residual", "", f"log_ou around 1, mean of the period {moving}", lambda *_: level, leaves)
        rate: list[Part] = [] if self.currency == "usd" else [self.real_fx(self.currency)]
        fuel = product("fuel in market currency", "", [self.fuel(section.commodity, False), *rate])
        parts = [self.leaf(f"{path}.{key}") for key in ("intercept", "elasticity", "season_factor")]
        text = "exp(intercept) × fuel^elasticity × season_factor × residual"

        def price(constant: float, power: float, season: float, fuel: float, noise: float) -> float:
            return float(math.exp(constant) * fuel**power * season * noise)

        return made("real market price", self.price_unit, text, price, [*parts, fuel, noise], value)

    def fuel(self, name: str, nominal: bool) -> Node:
        """Return a commodity in USD, nominal or in money of its price year."""
        path, about = f"macro.commodities.{name}", self.spec.written.macro.commodities[name]
        quoted = self.process(f"{path}.price", unit=f"{about.currency.upper()}/{about.unit}")
        if nominal:
            times, over = self.priced(path)
            value = self.at(self.block.money.commodity_nominal[name])
            return product(f"{name}, nominal", f"USD/{about.unit}", [quoted, *times], over, value)
        over = [] if about.currency == "usd" else [self.real_fx(about.currency)]
        value = self.at(self.block.money.commodity_usd[name])
        return product(f"{name}, real", f"USD/{about.unit}", [quoted], over, value)

    @kept
    def supply_price(self) -> Node:
        """Return the cost of a MWh sent."""
        cost, market, unit = self.spec.written.supply.cost, self.spec.written.market, "USD/MWh"
        name, value = "supply cost of a MWh", self.at(self.block.prices.supply_usd_per_mwh)
        if isinstance(cost, PriceCost):
            times, over = self.priced("supply.cost")
            price = self.process("supply.cost.price_per_mwh", unit=f"{cost.currency.upper()}/MWh")
            return product(name, unit, [price, *times], over, value)
        if isinstance(cost, FuelCost):
            path = "supply.cost"
            needed = [self.leaf(f"{path}.{key}") for key in ("fuel_units_per_mwh", "fuel_price_factor")]
            burnt = product("fuel cost", unit, [self.fuel(cost.commodity, True), *needed])
            times, over = self.priced(path)
            om = product("variable cost", unit, [self.leaf(f"{path}.variable_om_per_mwh"), *times], over)
            priced = [self.leaf(f"{path}.{key}") for key in ("carbon_t_per_mwh", "carbon_price_per_t")]
            return total(name, unit, [burnt, om, product("carbon cost", unit, [*priced, *times], over)], value=value)
        ratio = self.leaf("market.price_ratio")
        if cost.basis == "concurrent_mean":
            return product(name, unit, [self.quoted(), 1000.0], [ratio, self.fx(self.currency)], value)
        times = [
            self.leaf("market.reference_price_per_kwh"),
            1000.0,
            self.index(cost.index_currency, market.price_year),
        ]
        return product(name, unit, times, [ratio, self.spot(self.currency)], value)

    def charge(self, name: str, section: Charge) -> Node:
        """Return a charge on a MWh."""
        path = f"market.charges.{name}"
        if section.share_of_supply_cost is not None:
            return product(name, "USD/MWh", [self.leaf(f"{path}.share_of_supply_cost"), self.supply_price()])
        times, over = self.priced(path)
        return product(name, "USD/MWh", [self.leaf(f"{path}.amount_per_mwh"), *times], over)

    def charged(self, end: str) -> list[Node]:
        """Return the charges measured at one end."""
        charges = self.spec.written.market.charges.items()
        return [self.charge(name, section) for name, section in charges if section.measured_at == end]

    # --- dispatch -------------------------------------------------------------------------------------------------

    def contracts(self, limit: Node) -> list[tuple[Node, Node]]:
        """Return power received and price of each contract."""
        found: list[tuple[Node, Node]] = []
        for name, section in self.spec.written.market.schemes.items():
            if not isinstance(section, PPA):
                continue
            path, start, share = f"market.schemes.{name}", self.end - self.model.grid.dt, section.share

            def power(most: float, cod: float, term: float, start: float = start, share: float = share) -> float:
                return share * most if max(start - cod, 0.0) < term - 1e-9 else 0.0

            text = f"{share:g} × R if {start:g} years lie within term_years from COD"
            parts = [limit, self.cod(), self.leaf(f"{path}.term_years")]
            times, over = self.priced(path)
            process = self.process(f"{path}.price_per_kwh", unit=f"{section.currency.upper()}/kWh")
            value = self.at(self.block.prices.contract_usd_per_kwh[len(found)][1])
            price = product(f"price of {name}", "USD/kWh", [process, *times, *self._discount()], over, value)
            found.append((made(f"power of {name}", "MW", text, power, parts), price))
        return found

    @kept
    def terms(self) -> dict[str, Node]:
        """Return what dispatch sees, by the symbols of model.md 7."""
        market, unit, rate = self.spec.written.market, self.price_unit, self.fx(self.currency)
        index, station, square = (
            self.index(self.currency, market.price_year),
            self.leaf("link.converter_loss"),
            self.loss(),
        )
        cost = total("cost of a MWh sent", "USD/MWh", [self.supply_price(), *self.charged("sending_end")])
        charge = total("charges on a MWh received", "USD/MWh", self.charged("receiving_end"))
        limit = self.limit()
        n = {
            "P": self.price(),
            "F": product("price floor F", unit, [self.leaf("market.price_floor_per_kwh"), index]),
            "R": limit,
            "a": total("contracted power a", "MW", [power for power, _ in self.contracts(limit)]),
            "b": product("price effect b", f"{unit}/MW", [self.leaf("market.price_effect_per_gw"), index], [1000.0]),
            "κ": station,
            "ρ": square,
            "c": product("marginal cost c", unit, [cost, rate], [1000.0]),
            "g": product("charge g", unit, [charge, rate], [1000.0]),
        }
        competitive = market.dispatch == "competitive"
        n["h"] = made(
            "threshold h",
            unit,
            "c/(1 − converter_loss) + g + b·a + 2·c·ρ·a",
            lambda c, k, g, b, a, p: c / (1.0 - k) + g + b * a + 2.0 * c * p * a,
            [n[key] for key in "cκgbaρ"],
        )
        text = "b + 2·c·ρ" if competitive else "2·(b + c·ρ)"
        slope = lambda b, c, p: (b if competitive else 2.0 * b) + 2.0 * c * p  # noqa: E731
        n["D"] = made("slope D", f"{unit}/MW", text, slope, [n[key] for key in "bcρ"])
        return n

    def slices(self, v: dict[str, float]) -> tuple[Array, Array, Array]:
        """Return weight, price and merchant flow of every slice of the hours."""
        weight, level = np.diff(self.model.curve.weight), self.model.curve.level[:-1]
        price, room = np.maximum(v["P"] * level, v["F"]), v["R"] - v["a"]
        if v["D"] > 1e-30:
            return weight, price, np.clip((price - v["h"]) / v["D"], 0.0, room)
        return weight, price, np.where(price > v["h"], room, 0.0)
