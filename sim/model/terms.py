"""What sponsors and lenders agree: the term sheet. Equations are in docs/financing.md."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sim.base.quantities import Fixed, Kind, Quantity, Section, fallback
from sim.model.macro import Currency

_SHARE = Kind("share", ge=0.0, le=1.0)
_RATE = Kind("fraction per year", ge=0.0, le=1.0)
_YEARS = Fixed("years", ge=0.0, le=100.0)
_RATIO = Fixed("ratio", gt=0.0, le=20.0)
Nation = Annotated[str, Field(pattern="^[a-z][a-z_]*$", description="Nation in lower case, such as japan or russia.")]


class Case(Section):
    """The lenders' case: the one on which debt is sized, once. Absent: every uncertain number at its median."""

    exceedance: Annotated[float, Fixed("probability", ge=0.5, lt=1.0)] = fallback(0.5)
    """Every uncertain number and process, all at once, stands where it is better with this probability: 0.9 for P90."""
    percentiles: dict[str, Annotated[float, Fixed("probability", gt=0.0, lt=1.0)]] = Field(default_factory=dict)
    """Dotted path of a number or process: percentile at which it stands instead."""
    regime: str | None = None
    """Regime of ``sanctions`` that lenders take for the whole time; absent: the first in which FID can be taken."""


class Sponsor(Section):
    """An owner of the project company."""

    nation: Nation
    """Nation of the owner: what tax is withheld on dividends."""
    share: Annotated[float, Fixed("share", ge=0.0, le=1.0)]
    """Share of the equity; the shares sum to 1."""


class Grant(Section):
    """Public money that is not paid back; exactly one size."""

    share_of_uses: Annotated[float, Fixed("share", ge=0.0, le=1.0)] | None = None
    """Part of all uses of funds that it pays on the lenders' case; the amount is then fixed."""
    amount_million: Annotated[float, Fixed("million USD", ge=0.0)] | None = None
    """Amount in millions of US dollars."""


class ShareholderLoan(Section):
    """The part of the sponsors' money that they lend to the company: its interest lowers the tax on profit."""

    share: Annotated[float, Fixed("share", ge=0.0, le=1.0)]
    """Part of the sponsors' money for building."""
    rate: Annotated[Quantity, _RATE]
    """Interest; what cannot be paid is added to it. Paid, with principal, before dividends."""


class Tranche(Section):
    """A loan. Size: ``share`` of all loans, ``ceiling_million`` or both; interest: ``rate`` or reference and margin."""

    nation: Nation
    """Nation of the lender: what tax is withheld on interest."""
    currency: Currency = "usd"
    """Currency in which it is drawn, bears interest and is repaid."""
    seniority: Annotated[int, Fixed("rank", ge=1.0, le=20.0, whole=True)]
    """Rank in which it is paid: 1 first; equal ranks share."""
    share: Annotated[float, Fixed("share", ge=0.0, le=1.0)] | None = None
    """Share of all loans. Absent: it takes what the shares leave, up to its ceiling."""
    ceiling_million: Annotated[float, Fixed("million of the currency", ge=0.0)] | None = None
    """Most that the lender lends, in millions of its currency."""
    rate: Annotated[Quantity, _RATE] | None = None
    """Fixed interest a year."""
    reference: str | None = None
    """Name under ``macro.reference_rates``: floating interest."""
    margin: Annotated[Quantity, _RATE] | None = None
    """Margin over the reference rate."""
    margin_construction: Annotated[Quantity, _RATE] | None = None
    """Margin until the period of COD, where it differs."""
    arrangement_fee: Annotated[Quantity, _SHARE] = fallback(0.0)
    """Share of the commitment paid at financial close."""
    guarantee_premium: Annotated[Quantity, _SHARE] = fallback(0.0)
    """Premium of an export credit agency: share of the commitment paid at financial close."""
    commitment_fee: Annotated[Quantity, _RATE] = fallback(0.0)
    """Yearly fee on what is not drawn yet, until COD."""
    tenor_years: Annotated[float, Fixed("years", gt=0.0, le=100.0)]
    """Years from the start of repayment to maturity, grace included."""
    grace_years: Annotated[float, _YEARS] = fallback(0.0)
    """First years of the tenor in which only interest is due."""
    profile: Literal["annuity", "equal_principal", "bullet", "sculpted"] = "annuity"
    """How it is repaid: level service, equal instalments, all at maturity, or in step with the cash available."""
    target_dscr: Annotated[float, _RATIO] | None = None
    """Least ratio of CFADS to service, of this rank and better ones, that the lenders' case must show."""
    dsra_months: Annotated[float, Fixed("months", ge=0.0, le=60.0)] = fallback(0.0)
    """Months of service held in a debt service reserve account."""
    cash_sweep: Annotated[float, Fixed("share", ge=0.0, le=1.0)] = fallback(0.0)
    """Part of the cash left after all service that prepays the loan."""
    lock_up_dscr: Annotated[float, _RATIO] | None = None
    """No distribution below this DSCR."""
    default_dscr: Annotated[float, _RATIO] | None = None
    """A DSCR below this is a breach, and a default if it lasts beyond the cure time."""
    standby_share: Annotated[float, Fixed("share of the commitment", ge=0.0, le=1.0)] = fallback(0.0)
    """Extra commitment for cost overruns."""


class Financing(Section):
    """Sponsors, lenders and their agreement. Absent: sponsors pay all and get all."""

    case: Case = Field(default_factory=Case)
    """The case on which debt is sized."""
    sponsors: dict[str, Sponsor] = Field(default_factory=dict)
    """Name: owner of the company. Absent: one owner of no particular nation."""
    tranches: dict[str, Tranche] = Field(default_factory=dict)
    """Name: loan."""
    shareholder_loan: ShareholderLoan | None = None
    """What sponsors lend instead of paying it in as capital."""
    grants: dict[str, Grant] = Field(default_factory=dict)
    """Name: public money."""
    gearing_cap: Annotated[float, Fixed("share of all uses", ge=0.0, le=1.0)] | None = None
    """Most that loans may be of all uses of funds."""
    target_llcr: Annotated[float, _RATIO] | None = None
    """Least ratio of the present value of CFADS over the loan life to the debt."""
    cfads_basis: Literal["after_tax", "pre_tax"] = "after_tax"
    """Whether cash available for debt service is taken after or before tax on profit (SAM: before)."""
    first_repayment_slack_years: Annotated[float, _YEARS] = fallback(0.0)
    """Years from COD of the lenders' case to the start of repayment."""
    repayment_follows_cod: bool = False
    """Whether repayment moves with the actual COD; otherwise its dates are fixed."""
    long_stop_years: Annotated[float, _YEARS] | None = None
    """Years after COD of the lenders' case from which interest is due even if the link is not finished."""
    cure_years: Annotated[float, _YEARS] = fallback(0.0)
    """Time for which a breach may last before it is a default."""
    penalty_margin: Annotated[Quantity, _RATE] = fallback(0.0)
    """Added to the interest on arrears."""
    standby_equity_share: Annotated[float, Fixed("share of the planned equity", ge=0.0, le=1.0)] = fallback(0.0)
    """What sponsors promise beyond their planned part; more than that is a funding gap."""
    tax_life_years: Annotated[Quantity, Kind("years", gt=0.0, le=100.0)] | None = None
    """Years over which fees and interest during construction are written off; absent: never."""
    om_reserve_months: Annotated[float, Fixed("months", ge=0.0, le=60.0)] = fallback(0.0)
    """Months of operating cost held in reserve."""
    reserve_rate: Annotated[Quantity, _RATE] = fallback(0.0)
    """Interest that reserve accounts earn."""
