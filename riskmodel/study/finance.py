"""How money is counted: inflation, timing, tax, depreciation, debt, subsidy, and what is left at the end."""

import re
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError

from riskmodel.study.fields import Q, Section, choice, flag, number, quantity, whole

__all__ = ["Debt", "Depreciation", "EndOfLife", "Finance", "Subsidy", "Tax"]

METHOD = re.compile(r"(straight_line|declining_balance)_([1-9]|[1-4][0-9]|50)|macrs_(5|7|15)|at_once|none")
METHOD_TEXT = (
    "must be straight_line_N or declining_balance_N (N years, 1 to 50), macrs_5, macrs_7, macrs_15, at_once or none, "
    'in quotes; type for example "straight_line_10"'
)


def _method(value: Any) -> str:
    if not isinstance(value, str) or METHOD.fullmatch(value) is None:
        raise PydanticCustomError("depreciation", "{text}", {"text": METHOD_TEXT})
    return value


Method = Annotated[str, PlainValidator(_method), WithJsonSchema({"type": "string", "pattern": f"^({METHOD.pattern})$"})]
"""How the price of an asset is written off for tax; see `riskmodel.depreciation.schedule`."""


def _asset_method(what: str, usual: str, why: str) -> Any:
    return choice(what, "macrs_5", default=usual, source=f"judgement: {why}")


class Depreciation(Section):
    """How each kind of asset is written off for tax, from the year after it is bought; the rest at the end."""

    servers: Method = _asset_method(
        "GPU servers, refreshes too", "straight_line_5", "books of GPU clouds, 4 to 6 years"
    )
    network: Method = _asset_method("Network of the cluster", "straight_line_5", "as the servers it ties together")
    cooling: Method = _asset_method("Cooling plant", "straight_line_15", "building services, 10 to 20 years")
    building: Method = _asset_method("Building", "straight_line_25", "industrial buildings, 20 to 40 years")
    power_plant: Method = _asset_method("Power plant inside", "straight_line_15", "building services, 10 to 20 years")
    connection: Method = _asset_method("Grid connection", "straight_line_20", "substations, 20 to 40 years")
    ups: Method = _asset_method("UPS", "straight_line_10", "its service life, 10 to 15 years")
    gensets: Method = _asset_method("Gensets", "straight_line_15", "standby sets, 15 to 25 years")
    storage: Method = _asset_method("Cabinets, added and renewed ones too", "straight_line_10", "warranty, 10 years")
    pv: Method = _asset_method("PV plant", "straight_line_20", "plants, 20 to 25 years")


class Tax(Section):
    """Tax on income: operating lines less depreciation and interest, all nominal."""

    rate: Q = quantity("Tax on income", "", 0.206, low=0.0, high=0.9)
    losses: Literal["carried_forward", "other_income"] = choice(
        "What a loss does: it is carried forward, or taken off other income of the company at once",
        "carried_forward",
        default="carried_forward",
        source="judgement: a company of its own, the safe side",
    )
    loss_carry_forward_years: int = whole(
        "Years a loss can be carried forward; 0: none", "years", 10, low=0, high=100,
        default=100, source="judgement: no limit in most of Europe",
    )  # fmt: skip
    loss_share_of_income: float = number(
        "Share of a year's income that earlier losses may cover", "", 0.8, low=0.0, high=1.0,
        default=1.0, source="judgement: no limit; the US has 0.8, Germany 0.7 above 1 million EUR (not verified)",
    )  # fmt: skip


class Debt(Section):
    """A loan on the first outlay of cluster and power assets, drawn at the decision."""

    share_of_outlay: float = number("Loan over the first outlay, grants taken off", "", 0.6, low=0.0, high=1.0)
    rate_nominal: Q = quantity("Nominal rate of the loan", "per year", 0.06, low=0.0, high=0.5)
    tenor_years: int = whole("Years of repayment", "years", 10, low=1, high=40)
    repayment: Literal["annuity", "equal_principal", "sculpted"] = choice(
        "annuity: the same payment each year; equal_principal; sculpted: payments follow the cash of each path, cash "
        "over payment is service_cover_target, and the loan is at most what that pays back",
        "annuity",
        default="annuity",
        source="the common form",
    )
    service_cover_target: float = number(
        "Debt service cover ratio that a sculpted loan is made for", "", 1.3, low=1.0, high=10.0,
        default=1.3, source="judgement: 1.2 to 1.5 is usual for contracted income",
    )  # fmt: skip


class Subsidy(Section):
    """A grant or a tax credit on the first outlay of power assets; each path is granted it or not."""

    assets: Annotated[list[Literal["connection", "ups", "gensets", "storage", "pv"]], Strict()] = choice(
        "Power assets that it is paid for", '["storage", "pv"]', default=["storage", "pv"],
        source="judgement: what programmes for storage and PV pay for",
    )  # fmt: skip
    grant_share: float = number(
        "Grant over the first outlay on these assets", "", 0.2, low=0.0, high=1.0, default=0.0, source="0: no grant"
    )
    tax_credit_share: float = number(
        "Tax credit over the first outlay on these assets", "", 0.3, low=0.0, high=1.0,
        default=0.0, source="0: no tax credit",
    )  # fmt: skip
    tax_credit_refundable: bool = flag(
        "Is a tax credit paid out whatever the tax? Else it is kept until there is tax to take it off",
        default=False,
        source="judgement: the safe side",
    )
    tax_credit_basis_reduction: float = number(
        "Share of the tax credit that is taken off what may be written off", "", 0.5, low=0.0, high=1.0,
        default=0.5, source="US investment tax credit, as in NREL REopt.jl 029db01d; a grant is taken off whole",
    )  # fmt: skip
    probability: float = number("Chance that it is granted", "", 0.7, low=0.0, high=1.0)
    delay_months: Q = quantity(
        "Decision to payment; paid at the end of the year in which that falls", "months", 12, low=0.0, high=480.0,
        default=12.0, source="judgement: after commissioning and an audit",
    )  # fmt: skip
    decision: Q = quantity(
        "Place of a path among all decisions: granted where it is below probability. Leave it uniform", "", 0.5,
        low=0.0, high=1.0, default={"law": "uniform", "low": 0.0, "high": 1.0},
        source="a uniform number turns a chance into yes or no, and can be correlated with other inputs",
    )  # fmt: skip


def _left(what: str, why: str = "0: not counted") -> Any:
    return quantity(what, "", 0.05, low=0.0, high=1.0, default=0.0, source=why)


class EndOfLife(Section):
    """At the end of the last year, over what the assets cost when first bought: what they bring, what removal costs."""

    salvage_servers: Q = _left("Value of GPU servers over their first price")
    salvage_network: Q = _left("Value of the network")
    salvage_cooling: Q = _left("Value of the cooling plant")
    salvage_building: Q = _left("Value of the building")
    salvage_power_plant: Q = _left("Value of the power plant inside")
    salvage_connection: Q = _left("Value of the connection")
    salvage_ups: Q = _left("Value of the UPS")
    salvage_gensets: Q = _left("Value of the gensets")
    salvage_storage: Q = _left("Value of the cabinets")
    salvage_pv: Q = _left("Value of the PV plant")
    decommissioning_cluster: Q = _left("Removal of the cluster over the first price of all of it")
    decommissioning_connection: Q = _left("Removal of the connection over its first price")
    decommissioning_ups: Q = _left("Removal of the UPS")
    decommissioning_gensets: Q = _left("Removal of the gensets")
    decommissioning_storage: Q = _left("Removal and recycling of the cabinets")
    decommissioning_pv: Q = _left("Removal of the PV plant")


class Finance(Section):
    """The [finance] table; without it money is real, before tax, all equity, at the ends of the years."""

    inflation_per_year: Q = quantity(
        "Growth of all prices; tax, depreciation and debt are nominal", "per year", 0.02, low=-0.05, high=0.5,
        default=0.0, source="0: nominal is real",
    )  # fmt: skip
    timing: Literal["end_of_year", "mid_year"] = choice(
        "When the money of a year moves: at its end, or in its middle",
        "mid_year",
        default="end_of_year",
        source="the convention of spreadsheets and of most programs",
    )
    tax: Tax | None = Field(default=None)
    depreciation: Depreciation = Field(default_factory=Depreciation)
    debt: Debt | None = Field(default=None)
    subsidy: Subsidy | None = Field(default=None)
    end_of_life: EndOfLife | None = Field(default=None)
