"""Fire in a cabinet: how often, how far it spreads, what it costs and how long the cabinets are missing.

Standards that bear on the numbers: NFPA 855 asks for 3 ft (0.9 m) between units unless a large-scale fire test shows
that less is enough, and for a limit of stored energy, 600 kWh for lithium-ion in a building of mixed use (both read in
public summaries, not in the standard). IEC 62619 and IEC 62933-5-2 set tests of cells and systems and no distance (from
memory). What a site must keep is for its fire authority and its insurer to say.
"""

from riskmodel.study.fields import Q, Section, number, quantity

__all__ = ["Fire"]


class Fire(Section):
    """Fires that start in one cabinet and may spread along its row, up to the end of the fire area."""

    fires_per_cabinet_year: float = number(
        "Fires that begin in one cabinet", "1/year", 2.5e-5, low=0.0, high=0.1,
        default=2.5e-5,
        source="computed: 0.2 incidents per GW in 2023 (EPRI, TWAICE, PNNL 2024) over 8,000 cabinets of 125 kW",
    )  # fmt: skip
    fire_rate_factor: Q = quantity(
        "Multiplies the rate of a path", "", 1.0, low=0.0, high=100.0,
        default={"law": "lognormal", "mean": 1.0, "sd": 0.95},
        source="judgement: 1e-5 to 1e-4 a cabinet-year are thinkable, with the mean above",
    )  # fmt: skip
    spacing_m: float = number(
        "Gap between neighbours in a row", "m", 0.9, low=0.0, high=100.0,
        default=0.9, source="NFPA 855: 3 ft between units, as quoted in public summaries",
    )  # fmt: skip
    spread_probability_touching: float = number(
        "Chance that fire reaches the next cabinet without a gap", "", 0.9, low=0.0, high=1.0,
        default=0.9, source="judgement; 0 for a product whose large-scale fire test showed no spread at this spacing",
    )  # fmt: skip
    spread_halving_distance_m: float = number(
        "Gap that halves this chance", "m", 0.3, low=0.0, high=100.0, above=True,
        default=0.3, source="judgement: gives 11 % at 0.9 m and 0.1 % at 3 m",
    )  # fmt: skip
    fire_area_kwh: float = number(
        "Energy within one fire area: fire does not cross to the next", "kWh", 600.0, low=0.0, high=1e7, above=True
    )
    months_out: Q = quantity(
        "Fire to the burned cabinets replaced", "months", 9, low=0.0, high=120.0, per_event=True,
        default={"law": "triangular", "low": 4, "mode": 8, "high": 18},
        source="judgement: inquiry, claim, delivery and commissioning",
    )  # fmt: skip
    stop_days: float = number(
        "All cabinets of the site stand after a fire", "days", 21.0, low=0.0, high=1000.0,
        default=21.0, source="judgement; Victorian Big Battery 2021: 61 days to 29 September (Energy Safe Victoria)",
    )  # fmt: skip
    clean_up_eur_per_fire: Q = quantity(
        "Fire service, inquiry, ground and water of one fire", "EUR", 250_000, low=0.0, high=1e9,
        default={"law": "lognormal", "median": 200_000, "sigma": 0.8}, source="judgement",
    )  # fmt: skip
    clean_up_eur_per_cabinet: Q = quantity(
        "Removal and disposal of one burned cabinet", "EUR", 20_000, low=0.0, high=1e7, default=20_000,
        source="judgement: about 2 t of battery as dangerous goods, and the foundation",
    )  # fmt: skip
