"""Money in EUR, CNY and USD: typed, shown and written by its name; other money is refused or converted."""

import re

import numpy as np
import pytest
from typer.testing import CliRunner

from riskmodel.currency import in_words, inside, outside, scaled_law, stored, token_of
from riskmodel.results import load_results
from riskmodel.run import run_to_folder
from riskmodel.study import StudyError, parse_study
from riskmodel.tables import path_inputs, price_rate, tariff_of
from riskmodel.variants import changed
from studies.cli import app
from tests.fake_engine import STUDY, fake_simulate_range, small_study

RATE = '[study.exchange_rates]\nEUR = 1.1\nsource = "mean of 2025: for a test"\n'


SMALL = STUDY.format(years=4)


def in_money(currency, text=SMALL, rate=RATE):
    """The small study with its money named in another currency, same numbers."""
    renamed = re.sub(r"_eur\b|_eur(?=_)", f"_{currency.lower()}", text)
    return renamed.replace("[cluster]", f"{rate}[cluster]", 1).replace(
        "price_year = 2025", f'price_year = 2025\ncurrency = "{currency}"'
    )


def test_names_and_words():
    assert inside("capex_usd_per_kwh", "USD") == "capex_eur_per_kwh"
    assert inside("capex_usd_per_kwh", "CNY") == "capex_usd_per_kwh"
    assert outside("npv_eur:mean", "CNY") == "npv_cny:mean"
    assert outside("eur_lost", "USD") == "usd_lost"
    assert outside("neural_europe", "USD") == "neural_europe"
    assert in_words("kEUR/year, million EUR/MWh, EUROPE", "USD") == "kUSD/year, million USD/MWh, EUROPE"
    assert in_words("EUR", "EUR") == "EUR"
    assert stored(["path", "npv_cny"], "npv_eur") == "npv_cny"
    assert stored(["path", "npv_eur"], "npv_eur") == "npv_eur"
    assert scaled_law({"law": "lognormal", "median": 10, "sigma": 0.5}, 2.0) == {
        "law": "lognormal", "median": 20.0, "sigma": 0.5,
    }  # fmt: skip


@pytest.mark.parametrize("currency", ["USD", "CNY"])
def test_a_study_in_other_money_reads_and_writes_itself(currency):
    study = parse_study(in_money(currency))
    assert study.cluster.capex_eur_per_gpu.mean() == 30000
    text = study.to_toml()
    assert f"capex_{currency.lower()}_per_gpu = 30000" in text
    assert "_eur" not in text
    again = parse_study(text)
    assert again == study
    rows = {row.field: row for row in study.describe()}
    assert rows[f"cluster.capex_{currency.lower()}_per_gpu"].unit == f"{currency}/GPU"
    assert not any("eur" in field or "EUR/" in row.unit for field, row in rows.items() if "exchange" not in field)
    cheaper = changed(study, ["cluster.capex_eur_per_gpu=1"])
    assert cheaper.cluster.capex_eur_per_gpu.mean() == 1
    assert changed(study, [f"cluster.capex_{currency.lower()}_per_gpu=2"]).cluster.capex_eur_per_gpu.mean() == 2


def test_draws_do_not_depend_on_the_currency():
    from riskmodel.draws import draw_scalars

    first, second = (draw_scalars(s, 3, 0, 5) for s in (small_study(), parse_study(in_money("USD"))))
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


def only(text, *overrides):
    with pytest.raises(StudyError) as error:
        parse_study(text, "a.toml", overrides)
    return [str(problem) for problem in error.value.problems]


def test_a_wrong_suffix_gets_one_message():
    assert only(in_money("USD").replace("capex_usd_per_gpu", "capex_eur_per_gpu")) == [
        "a.toml: cluster.capex_eur_per_gpu = 30000: the money of this study is USD: type capex_usd_per_gpu, in USD"
    ]
    assert only(SMALL.replace("capex_eur_per_gpu", "capex_usd_per_gpu")) == [
        "a.toml: cluster.capex_usd_per_gpu = 30000: the money of this study is EUR: type capex_eur_per_gpu, in EUR"
    ]
    wrong = only(in_money("USD"), "cluster.capex_eur_per_gpu=5")
    assert wrong == [
        "a.toml with --set cluster.capex_eur_per_gpu=5: cluster.capex_eur_per_gpu: the money of this study is USD: "
        "type cluster.capex_usd_per_gpu, in USD"
    ]
    assert "change them in the file" in only(in_money("USD"), "study.currency=EUR")[0]


def test_messages_name_the_money_as_typed():
    assert only(in_money("USD"), "cluster.capex_usd_per_gpu=-1") == [
        "a.toml with --set cluster.capex_usd_per_gpu=-1: cluster.capex_usd_per_gpu = -1: must be 0 to 10000000 "
        "USD/GPU; type for example capex_usd_per_gpu = 35000"
    ]
    missing = only(in_money("CNY").replace("capex_cny_per_gpu = 30000", ""))
    assert missing == [
        "a.toml: cluster.capex_cny_per_gpu: missing (Servers, network and storage per GPU [CNY/GPU]); type for example "
        "capex_cny_per_gpu = 35000"
    ]


def test_prices_in_other_money_are_refused_or_converted():
    refused = only(in_money("USD", rate=""))
    assert len(refused) == 1
    assert "its prices are in EUR, the study's in USD; add a rate with its source" in refused[0]
    study = parse_study(in_money("USD"))
    assert price_rate(study) == 1.1
    assert price_rate(small_study()) == 1.0
    from riskmodel.draws import draw_scalars
    from riskmodel.process_draws import draw_processes

    factors = [
        path_inputs(s, draw_scalars(s, 3, 0, 4), draw_processes(s, 3, 0, 4)).price_factor
        for s in (small_study(), study)
    ]
    np.testing.assert_allclose(factors[1] / factors[0], 1.1, rtol=1e-6)


def test_tariffs_in_other_money_are_converted():
    def with_tariff(text):
        tariff = 'market = "time_of_use"\ntariff = "jiangsu_industrial"\nprice_zone'
        return text.replace("price_zone", tariff, 1).replace("utc_offset_h = 1.0", "utc_offset_h = 8.0")

    own = tariff_of(parse_study(with_tariff(in_money("CNY"))))
    rate = RATE.replace("EUR = 1.1", "CNY = 0.125")
    other = tariff_of(parse_study(with_tariff(SMALL.replace("[cluster]", f"{rate}[cluster]", 1))))
    np.testing.assert_allclose(other["price_per_mwh"], own["price_per_mwh"] / 8.0)
    assert "its prices are in CNY" in only(with_tariff(SMALL))[0]


def test_defaults_in_euros_are_refused_or_converted():
    storage = "[strategies.string.storage.{}]\n"
    tables = storage.format("availability") + storage.format("fire") + "fire_area_kwh = 600.0\n[strategies.string.pv]"
    text = in_money("CNY", SMALL.replace("[strategies.string.pv]", tables), RATE.replace("1.1", "8.0"))
    study = parse_study(text)
    assert study.strategies["string"].storage.fire.clean_up_eur_per_cabinet.mean() == 160_000
    origin = str(study.origin("strategies.string.storage.fire.clean_up_eur_per_cabinet"))
    assert "at 8 CNY/EUR" in origin
    assert parse_study(study.to_toml()) == study
    wrong = only(text.replace("EUR = 8.0", "USD = 7.2"))
    assert any(
        "fire.clean_up_cny_per_fire: missing, and its default is in EUR; type it in CNY" in each for each in wrong
    )


def test_catalogue_prices_are_dollars():
    product = 'product = "261"\nprice_region = "europe_installed"\ncabinets = 10'
    line = 'capex_{}_per_kwh = {{ law = "uniform", low = 200, high = 300 }}\n'
    euro = SMALL.replace("cabinets = 10", product).replace(line.format("eur"), "")
    dollar = in_money("USD", euro)
    means = [parse_study(text).strategies["string"].storage.capex_eur_per_kwh.mean() for text in (euro, dollar)]
    assert means[0] == pytest.approx(0.90 * means[1])
    yuan = only(in_money("CNY", euro))
    assert any("prices of the catalogue are in dollars" in each for each in yuan)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The same study, paths and seed in EUR and in USD: the fake engine makes the same numbers of both."""
    made = {}
    for currency, study in (("EUR", small_study()), ("USD", parse_study(in_money("USD")))):
        made[currency] = tmp_path_factory.mktemp(currency)
        run_to_folder(study, made[currency], 60, 7, simulate_range=fake_simulate_range)
    return {currency: load_results(folder) for currency, folder in made.items()}


def test_results_are_named_in_the_money_of_the_study(runs):
    euro, dollar = runs["EUR"], runs["USD"]
    for table in ("paths", "years", "events"):
        names = list(getattr(dollar, table).columns)
        assert not any(token_of(name) == "EUR" for name in names)
        assert names == [outside(name, "USD") for name in getattr(euro, table).columns]
    rows = dollar.summary()
    assert not rows["metric"].str.contains("eur").any()
    assert set(rows["unit"].dropna()) >= {"USD", "USD/year", "USD/MWh"}
    assert "million USD" in dollar.table()[0].__str__()
    np.testing.assert_array_equal(euro.column("npv_eur"), dollar.column("npv_eur"))
    np.testing.assert_array_equal(euro.column("npv_eur"), dollar.column("npv_usd"))
    for metric in ("npv_eur:mean", "npv_usd:mean"):
        assert dollar.estimate("grid", metric).value == euro.estimate("grid", "npv_eur:mean").value
    assert dollar.estimate("grid", "npv_eur:mean").unit == "USD"


@pytest.mark.parametrize(
    "arguments", [["finance"], ["finance", "--json"], ["finance", "--csv"], ["show"], ["show", "--json"],
                  ["reliability"], ["reliability", "--csv"]],
)  # fmt: skip
def test_commands_speak_the_money_of_the_study(runs, arguments):
    printed = {}
    for currency, results in runs.items():
        run = CliRunner().invoke(app, [arguments[0], str(results.folder), *arguments[1:]])
        assert run.exit_code == 0, run.output
        printed[currency] = run.output
    plain = printed["USD"].replace(str(runs["USD"].folder), "")
    assert not re.search(r"(?<![A-Za-z])k?EUR(?![A-Za-z])|(?<![a-z])eur(?![a-z])", plain)
    assert "USD" in plain or "usd" in plain
    assert re.search(r"(?<![A-Za-z])k?EUR(?![A-Za-z])|(?<![a-z])eur(?![a-z])", printed["EUR"])


def test_the_money_of_a_command_is_that_of_its_study(runs, tmp_path):
    from studies.cli_money import money_of

    assert money_of(["--set", "a.b=2", "jiangsu_time_of_use", "--paths", "3"]) == "CNY"
    assert money_of(["ten_thousand_gpus"]) == "EUR"
    assert money_of([str(runs["USD"].folder)]) == "USD"
    file = tmp_path / "own.toml"
    file.write_text('[study]\ncurrency = "USD"\n', encoding="utf-8")
    assert money_of([str(file)]) == "USD"
    assert money_of(["nothing_of_that_name", str(tmp_path)]) == "EUR"
