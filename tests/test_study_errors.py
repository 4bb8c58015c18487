"""Bad studies: every message names the file, the field, the value and what to type."""

import os
import pickle
from pathlib import Path

import pytest

import studies
from riskmodel.study import Problem, Study, StudyError, load_study, parse_study

TEXT = studies.path("ten_thousand_gpus").read_text(encoding="utf-8")
STORAGE = "strategies.string_storage.storage"


def problems(text: str, *overrides: str) -> list[Problem]:
    with pytest.raises(StudyError) as caught:
        parse_study(text, "x.toml", overrides)
    assert str(caught.value).splitlines() == [str(problem) for problem in caught.value.problems]
    return caught.value.problems


def only(text: str, *overrides: str) -> str:
    found = problems(text, *overrides)
    assert len(found) == 1, [str(problem) for problem in found]
    return str(found[0])


def edited(*pairs: tuple[str, str], count: int = 1) -> str:
    text = TEXT
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, count)
    return text


def test_a_negative_size():
    assert only(edited(("cabinet_power_kw = 125.0", "cabinet_power_kw = -100"))) == (
        "x.toml: strategies.string_storage.storage.cabinet_power_kw = -100: must be > 0 kW; "
        "type a positive number, e.g. cabinet_power_kw = 125"
    )


def test_all_problems_come_together_also_those_between_fields():
    found = problems(
        edited(
            ("cabinet_power_kw = 125.0", "cabinet_power_kw = -100"),
            ("years = 15", "years = 0"),
            ("occupancy = {", "occupancy = 1.5 #"),
            ("import_limit_mw = 20.0", "import_limit_mw = 0.0"),
            ("pv_tilt_deg = 40.0", 'pv_tilt_deg = "40"'),
            ("gpus = 10000", "gpus = 10001"),
        ),
        "site.price_zone=SE9",
    )
    assert [problem.field for problem in found] == [
        "study.years",
        "cluster.occupancy",
        "site.pv_tilt_deg",
        "strategies.grid_expansion.connection.import_limit_mw",
        f"{STORAGE}.cabinet_power_kw",
    ]
    # sections that are valid by themselves are still held against each other
    found = problems(edited(("years = 15", "years = 0"), ("gpus = 10000", "gpus = 10001")), "site.price_zone=SE9")
    assert [problem.field for problem in found] == ["study.years", "cluster.gpus", "site.price_zone"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "gpus = 10000",
            "gpus = 1e4",
            "cluster.gpus = 10000.0: must be a whole number without quotes or decimal point",
        ),
        ("years = 15", "years = true", "study.years = true: must be a whole number"),
        ("years = 15", "years = 41", "study.years = 41: must be 1 to 40 years; type for example years = 15"),
        (
            "server_power_kw = 10.2",
            'server_power_kw = "10.2"',
            "server_power_kw = '10.2': must be a number without quotes",
        ),
        ("server_power_kw = 10.2", "server_power_kw = nan", "server_power_kw = nan: must be > 0 kW; type a positive"),
        ("server_power_kw = 10.2", "server_power_kw = inf", "server_power_kw = inf: must be > 0 and <= 2000 kW"),
        ("server_power_kw = 10.2", "server_power_kw = -0.0", "server_power_kw = -0.0: must be > 0 kW"),
        ("gpus = 10000", f"gpus = 1{'0' * 400}", "cluster.gpus: a whole number of 1329 bits: at most 63"),
        ("server_power_kw = 10.2", f"server_power_kw = 1{'0' * 400}", "server_power_kw: a whole number of 1329 bits"),
        ('duty = "training"', 'duty = "mining"', "cluster.duty = 'mining': must be one of 'training' or 'inference'"),
        ('price_zone = "SE3"', "price_zone = 3", "site.price_zone = 3: must be text in quotes; type for example"),
        (
            "export_allowed = true",
            "export_allowed = 1",
            "site.export_allowed = 1: must be true or false without quotes",
        ),
        ("price_year = 2025", "price_year = 2025-01-01", "study.price_year = 2025-01-01: must be a whole number"),
        (
            '"optimal"',
            '"often"',
            'checkpoint_interval_min = \'often\': must be "young", "daly", "optimal", "exact" or a number of minutes',
        ),
        ('"optimal"', "-3", 'checkpoint_interval_min = -3: must be "young", "daly", "optimal", "exact" or a number'),
        (
            "reserve_share = 0.3",
            "reserve_share = 1.3",
            f"{STORAGE}.reserve_share = 1.3: must be 0 to 1; type for example",
        ),
        ("power_share = 0.84", "power_share = 0.2", "ride_through_power_share = 0.2: must be 0.3 to 1"),
        ("occupancy = {", "occupancy = [0.3] #", "cluster.occupancy = [0.3]: must be a number or a law such as {law ="),
        ("occupancy = {", "occupancy = true #", "cluster.occupancy = true: must be a number or a law such as {law ="),
        (
            "occupancy = {",
            "occupancy = nan #",
            "cluster.occupancy = nan: must be 0 to 1; type for example occupancy = 0.85",
        ),
        ("occupancy = {", "occupancy = {low = 3} #", "cluster.occupancy = {low = 3}: a law table needs its law"),
        (
            'title = "Grid expansion, no backup"',
            'title = "a\\nb"',
            "strategies.grid_expansion.title = 'a\\nb': must be one",
        ),
        ('currency = "EUR"', 'currency = "GBP"', "study.currency = 'GBP': must be one of 'EUR', 'CNY' or 'USD'"),
        ('currency = "EUR"', 'currency = "USD"', "the money of this study is USD, but"),
    ],
)
def test_one_wrong_value(old, new, message):
    assert message in only(edited((old, new)))


@pytest.mark.parametrize(
    ("law", "words"),
    [
        ('{ law = "lognormal", p10 = 450, p90 = 150 }', ["p10 = 450 and p90 = 150", "p10 < p90"]),
        ('{ law = "normal", mean = 300, sd = -3 }', ["sd", "-3"]),
        ('{ law = "triangular", low = 1, mode = 9, high = 3 }', ["mode", "9"]),
        ('{ law = "lognormall", p10 = 4, p90 = 15 }', ["lognormall", "lognormal"]),
        ('{ law = "lognormal", p10 = nan, p90 = 15 }', ["p10", "nan"]),
        ('{ law = "lognormal", p10 = 1, p90 = inf }', ["p90", "inf"]),
        ('{ law = "uniform", low = 1 }', ["high"]),
        ('{ law = "uniform", low = 1, high = 2, hihg = 3 }', ["hihg"]),
        ('{ law = "uniform", low = "1", high = 2 }', ["low", "quotes"]),
        ('{ law = "uniform", low = 1, high = 2, source = 3 }', ["source must be text in quotes"]),
        ("{ law = 3 }", ["3"]),
        ('{ law = "normal", mean = 300, sd = 300 }', ["must be 0 to 10000 EUR/kWh", "low end", "1 in a million"]),
        ('{ law = "lognormal", median = 300, sigma = 4 }', ["must be 0 to 10000 EUR/kWh", "high end"]),
    ],
)
def test_an_impossible_law(law, words):
    text = only(edited(("capex_eur_per_kwh = {", f"capex_eur_per_kwh = {law} #")))
    assert text.startswith(f"x.toml: {STORAGE}.capex_eur_per_kwh = {{")
    for word in words:
        assert word in text


def test_a_quantity_drawn_for_each_event_needs_a_closed_form():
    text = only(edited(("restart_abrupt_h = {", 'restart_abrupt_h = { law = "gamma", mean = 2, sd = 1 } #')))
    assert "cluster.restart_abrupt_h" in text
    assert "closed-form" in text
    assert "lognormal" in text


def test_unknown_keys_name_the_nearest():
    assert only(edited(("cabinet_power_kw = 125.0", "cabinet_power = 125"))) == (
        f"x.toml: {STORAGE}.cabinet_power = 125: unknown key; did you mean cabinet_power_kw?"
    )
    assert "pv.cabinets = 3: unknown key here; cabinets belongs in [strategies.NAME.storage]" in only(
        edited(("power_mwp = 8.0", "power_mwp = 8.0\ncabinets = 3"))
    )
    assert "site.moon = 3: unknown key; known here: latitude_deg, longitude_deg" in only(
        edited(("[site]", "[site]\nmoon = 3"))
    )
    assert "strategys: " not in only(edited(("[site]", "[sites]\nx = 1\n[site]")))
    assert "sites = {x = 1}: unknown key; did you mean site?" in only(edited(("[site]", "[sites]\nx = 1\n[site]")))
    assert "strategies.hybrid.storag = {" in only(TEXT.replace("hybrid.storage", "hybrid.storag"))


def test_missing_fields_and_sections():
    assert "x.toml: cluster.server_power_kw: missing (Rated power of one server [kW]); type for example" in only(
        edited(("server_power_kw = 10.2\n", ""))
    )
    assert [str(problem) for problem in problems("")] == [
        "x.toml: study: missing section; add a [study] table",
        "x.toml: cluster: missing section; add a [cluster] table",
        "x.toml: site: missing section; add a [site] table",
        "x.toml: strategies: missing section; add at least one [strategies.NAME] table with its connection",
    ]
    head = TEXT.split("# --- No backup")[0].replace('baseline = "grid_expansion"\n', "")
    assert "study.discount_rate_real: missing" in only(edited(("discount_rate_real = 0.08", "")))
    assert "strategies: missing section" in only(head)
    assert "no strategy; add at least one [strategies.NAME]" in only(head + "[strategies]\n")
    found = [str(problem) for problem in problems('study = 3\ncluster = []\nsite = "x"\nstrategies = 4')]
    assert found[0] == "x.toml: study = 3: must be a table; write [study] and its keys below it"
    assert len(found) == 4


def test_a_missing_baseline_lists_the_names():
    assert only(edited(('baseline = "grid_expansion"', 'baseline = "grid_expansoin"'))) == (
        "x.toml: study.baseline = 'grid_expansoin': no such strategy; did you mean grid_expansion? "
        "type one of: grid_expansion, ups_gensets, string_storage, string_storage_pv, hybrid"
    )


def test_an_import_limit_below_the_rated_load_says_both():
    text = only(edited(("import_limit_mw = 20.0", "import_limit_mw = 10")))
    assert text.startswith(
        "x.toml: strategies.grid_expansion.connection.import_limit_mw = 10.0: cannot serve the rated "
    )
    assert "16.08 MW" in text
    text = only(edited(("import_limit_before_mw = 3.0", "import_limit_before_mw = 30")))
    assert "import_limit_before_mw = 30.0: must not exceed import_limit_mw = 20 MW" in text
    text = only(edited(("charge_import_limit_mw = 16.0", "charge_import_limit_mw = 21")))
    assert "charge_import_limit_mw = 21.0: must not exceed connection.import_limit_mw = 20 MW" in text


def test_hardware_is_never_counted_twice():
    text = only(edited(('gpu_hour_value_basis = "market_rent"', 'gpu_hour_value_basis = "margin"')))
    assert "cluster.capex_eur_per_gpu = 36000.0: must be 0 with gpu_hour_value_basis" in text
    assert "counted twice" in text


def test_servers_are_whole():
    assert "cluster.gpus = 10001: must be whole servers of 8 GPUs; type gpus = 10008" in only(
        edited(("gpus = 10000", "gpus = 10001"))
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("gpus = 10000", "gpus = = 1", ["x.toml: line 17, column 8: not valid TOML", "'gpus = = 1'"]),
        ("gpus = 10000", "gpus = 1\ngpus = 2", ["line 18", "stands twice; keep one", "'gpus = 2'"]),
        ("[site]", "[cluster]\n[site]", ["stands twice; keep one", "'[cluster]'"]),
        ('"triangular", low = 1.08', '"triangular", low = 1, low = 2', ["line ", "stands twice"]),
        (
            "[strategies.hybrid]",
            "[strategies.string_storage]",
            ["stands twice; keep one", "'[strategies.string_storage]'"],
        ),
        ('title = "Powering', "title = Powering", ["line 9", "not valid TOML"]),
    ],
)
def test_toml_mistakes_say_the_line(old, new, words):
    text = only(edited((old, new)))
    for word in words:
        assert word in text


def test_an_unfinished_file():
    assert "not valid TOML" in only("[study]\nname = [1, 2")


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "a = " + "9" * 5000])
def test_toml_that_no_parser_wants(text):
    assert "not readable as TOML" in only(text)


@pytest.mark.parametrize("name", ["../evil", "a b", "é", "x" * 41, ""])
def test_strategy_names_become_file_names(name):
    text = only(TEXT.replace("strategies.hybrid", f'strategies."{name}"'))
    assert "names become file names: type 1 to 40 letters a-z, digits and _" in text


def test_names_that_differ_in_capitals_only():
    extra = '\n[strategies.Hybrid]\ntitle = "a"\nconnection = {import_limit_mw = 20, import_limit_before_mw = 3, '
    extra += "time_to_power_months = 3, interruptible = false, capex_eur = 1}\n"
    text = only(TEXT.replace("# --- Quantities", extra + "# --- Quantities"))
    assert "strategies = 'Hybrid': same name as hybrid but for capitals" in text
    assert "study.name = '../x'" in only(edited(('name = "ten_thousand_gpus"', 'name = "../x"')))


def test_parameter_records_must_exist():
    text = only(edited(('price_zone = "SE3"', 'price_zone = "SE5"')))
    assert "site.price_zone = 'SE5': no prices record SE5_2021_2023" in text
    assert "SE3_2021_2023" in text
    assert "did you mean nordic_hv?" in only(edited(('outages = "nordic_hv"', 'outages = "nordic_mv"')))
    assert "there are: nordic" in only(edited(('weather = "nordic"', 'weather = "arctic"')))
    assert "site.irradiance = 'x'" in only(edited(('irradiance = "lyngby_2015_2018"', 'irradiance = "x"')))


def test_correlations_and_sources_name_fields():
    assert (
        "correlation.names = 'connection.capex': no quantity of this study; did you mean connection.capex_eur?"
        in only(edited(('"connection.capex_eur"]', '"connection.capex"]')))
    )
    assert "given twice" in only(edited(('"connection.capex_eur"]', '"cluster.refresh_cost_share"]')))
    assert "row 1, column 2: must be -1 to 1, 1 on the diagonal" in str(
        problems(edited(("[1.0, 0.7,", "[1.0, 0.5,")))[0]
    )
    assert "must have 4 rows of 4 numbers" in only(edited(("    [0.0, 0.0, 0.4, 1.0],\n", "")))
    assert "sources.cluster.gpu = 'x': names no field of this study; did you mean cluster.gpus?" in only(
        TEXT + '"cluster.gpu" = "x"\n'
    )
    assert "claims.strategy = 'x': no such strategy" in only(TEXT + '[claims]\nstrategy = "x"\n')


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("cluster.gpus=-8", "x.toml with --set cluster.gpus=-8: cluster.gpus = -8: must be 1 to 10000000"),
        ("cluster.gpuss=8", "x.toml with --set cluster.gpuss=8: cluster.gpuss: no field gpuss; did you mean gpus?"),
        ("clustr.gpus=8", "clustr.gpus: no field clustr; did you mean cluster?"),
        ("strategies.hybird.pv.power_mwp=5", "no strategy hybird; did you mean hybrid? there are: grid_expansion"),
        ("site.price_zone=SE9", "x.toml with --set site.price_zone=SE9: site.price_zone = 'SE9': no prices record SE9"),
        ("nonsense", "x.toml with --set nonsense: nonsense: must be PATH=VALUE, e.g. site.price_zone=SE3"),
        ("=3", "must be PATH=VALUE"),
        ("cluster.gpus=8\nx=3", "x.toml with --set cluster.gpus=8 x=3: cluster.gpus: '8\\nx=3' is no TOML value"),
        ("cluster.gpus=[1", "'[1' is no TOML value; put text in quotes"),
        ("site.export_fee_eur_per_mwh.low=3", "export_fee_eur_per_mwh is one value, not a table"),
        ('cluster.load_factor={law="uniform",low=0.9,high=0.7}', "low = 0.9 and high = 0.7"),
        ("cluster.load_factor.low=0.99", "with --set cluster.load_factor.low=0.99: cluster.load_factor = {law ="),
        ("cluster.occupancy=nan", "with --set cluster.occupancy=nan: cluster.occupancy = nan: must be 0 to 1"),
    ],
)
def test_an_override_is_named_in_its_error(override, message):
    assert message in only(TEXT, override)


def test_an_override_with_a_new_asset_asks_for_the_rest():
    fields = [problem.field for problem in problems(TEXT, "strategies.grid_expansion.pv.power_mwp=5")]
    assert fields == [
        "strategies.grid_expansion.pv.capex_eur_per_kwp",
        "strategies.grid_expansion.pv.maintenance_eur_per_kwp_year",
    ]


def load_error(path: Path | str) -> str:
    with pytest.raises(StudyError) as caught:
        load_study(path)
    assert len(caught.value.problems) == 1
    return str(caught.value)


def test_a_missing_file_names_the_nearest(tmp_path):
    (tmp_path / "ten_thousand_gpus.toml").write_text(TEXT, encoding="utf-8")
    text = load_error(tmp_path / "ten_thousand_gpu.toml")
    assert text == f"{tmp_path / 'ten_thousand_gpu.toml'}: no such file; did you mean ten_thousand_gpus.toml?"
    assert "no such file" in load_error(tmp_path / "nowhere" / "x.toml")
    with pytest.raises(StudyError, match="no such study; did you mean ten_thousand_gpus"):
        studies.load("ten_thousand_gpu")


def test_files_that_are_no_studies(tmp_path):
    (tmp_path / "a.toml").write_text(TEXT, encoding="utf-8")
    assert "is a folder; type one of its study files: a.toml" in load_error(tmp_path)
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\x7fELF\x02\xff\xfe\x00")
    assert "is not UTF-8 text (byte 6)" in load_error(binary)
    latin = tmp_path / "latin.toml"
    latin.write_bytes('[study]\ntitle = "Malmö"\n'.encode("latin-1"))
    assert "is not UTF-8 text" in load_error(latin)
    zeros = tmp_path / "zeros.toml"
    zeros.write_bytes(b"\x00" * 100)
    assert "holds NUL characters" in load_error(zeros)
    assert "cannot be opened" in load_error("bad\x00name.toml")


def test_a_file_of_2_gb_is_refused_before_it_is_read(tmp_path):
    big = tmp_path / "big.toml"
    with big.open("wb") as file:
        file.truncate(2_000_000_000)  # sparse: takes no room
    assert "has 2,000,000,000 bytes, at most 1,000,000 are read" in load_error(big)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    assert "is not a regular file" in load_error(tmp_path / "pipe.toml")


def test_long_and_hostile_values_stay_on_one_short_line():
    text = only(edited(('duty = "training"', 'duty = "\\u001b[31m' + "x" * 5000 + '"')))
    assert "\x1b" not in text
    assert len(text) < 300


def test_the_error_carries_its_problems_also_pickled():
    with pytest.raises(StudyError) as caught:
        parse_study(edited(("years = 15", "years = 0")), "x.toml")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (
        again.problems
        == caught.value.problems
        == [Problem("x.toml", "study.years", 0, "must be 1 to 40 years; type for example years = 15")]
    )
    assert isinstance(parse_study(TEXT), Study)
