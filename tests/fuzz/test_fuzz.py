"""Every reader, on files made to hurt and on a few of the slower tier's inputs: a result or one clear message.

The slower tier, ``make fuzz``, tries 100,000 inputs a reader in processes of their own.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distributions.input_files import MOST_DEPTH, FileError
from distributions.toml_reading import parse_toml
from tests.fuzz.hard import PLACES, contents
from tests.fuzz.harness import MOST_MEMORY, MOST_SECONDS, forget_peak, peak_memory, tried
from tests.fuzz.mutate import mutated
from tests.fuzz.readers import READERS, Reader

EXAMPLES = 25
"""Inputs of the slower tier for each reader in CI."""
OF_FILES = [reader for reader in READERS.values() if not reader.name.startswith("results")]


def _by_name(reader: Reader) -> str:
    return reader.name.replace(" ", "_")


@pytest.mark.parametrize("reader", READERS.values(), ids=_by_name)
def test_its_own_files_are_read(reader, tmp_path):
    """Or the fuzzing would only see the first lines of a reader."""
    place = tmp_path / f"input{reader.suffix}"
    read = 0
    for content in reader.seeds():
        place.write_bytes(content)
        outcome = tried(reader, place)
        assert not outcome.crash
        read += not outcome.refused
    assert read


@pytest.mark.parametrize("reader", READERS.values(), ids=_by_name)
def test_files_made_to_hurt(reader, tmp_path):
    place = tmp_path / f"input{reader.suffix}"
    found = {}
    hard = contents(reader.suffix)
    before = forget_peak()  # other tests of this process have simulated and compiled
    for name, content in hard.items():
        place.write_bytes(content)
        outcome = tried(reader, place)
        if outcome.crash:
            found[name] = outcome.crash
    assert not found
    assert peak_memory() - before < MOST_MEMORY


@pytest.mark.parametrize("reader", OF_FILES, ids=_by_name)
def test_what_stands_in_place_of_a_file(reader, tmp_path):
    for number, (name, make) in enumerate(PLACES.items()):
        place = tmp_path / f"{number}{reader.suffix}"
        make(place)
        outcome = tried(reader, place)
        assert not outcome.crash, name
        assert outcome.refused, name
    for name in ("a\0b", "a" * 5000, "a\udcffb"):
        assert not tried(reader, tmp_path / f"{name}{reader.suffix}").crash, name


@pytest.mark.parametrize("reader", READERS.values(), ids=_by_name)
def test_some_changed_files_are_read_too(reader, tmp_path):
    """Or the fuzzing would not get beyond the first check of a reader: it did not with files longer than it kept."""
    seeds = reader.seeds()
    place = tmp_path / f"input{reader.suffix}"

    def refused(k: int) -> bool:
        place.write_bytes(reader.make(seeds, 13, k))
        return tried(reader, place).refused

    assert not all(refused(k) for k in range(400))


@pytest.mark.parametrize("reader", READERS.values(), ids=_by_name)
def test_some_inputs_of_the_slower_tier(reader, tmp_path):
    seeds = reader.seeds()
    place = tmp_path / f"input{reader.suffix}"
    for k in range(EXAMPLES):
        place.write_bytes(reader.make(seeds, 11, k))
        assert not tried(reader, place).crash, k


def test_the_harness_sees_a_crash_and_a_hang(tmp_path, monkeypatch):
    """Negative control."""
    from tests.fuzz import harness

    monkeypatch.setattr(harness, "MOST_SECONDS", 0.2)
    (tmp_path / "x").write_bytes(b"")

    def crash(place):
        return 1 // len(place.read_bytes())

    def hang(place):
        while True:
            pass

    for read, words in ((crash, "ZeroDivisionError"), (hang, "took more than")):
        reader = Reader("control", "", read, lambda: (ValueError,), lambda: [b""])
        assert words in harness.tried(reader, tmp_path / "x").crash


KEYS = st.text(alphabet="abcdefgh_-.\"' \t\n[]{}=#\\", max_size=6) | st.sampled_from(["__proto__", "study", "law"])
VALUES = st.recursive(
    st.sampled_from(["1", "nan", "-0.0", "1e400", '"x"', "true", "1979-05-27", "9" * 30]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]")
        | inner.map(lambda part: f"{{a = {part}}}")
    ),
    max_leaves=40,
)
LINES = st.tuples(KEYS, VALUES).map(lambda pair: f"{pair[0]} = {pair[1]}") | KEYS.map(lambda key: f"[{key}]")


@settings(max_examples=150, deadline=MOST_SECONDS * 1000, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.lists(LINES, max_size=12))
def test_any_text_is_toml_within_the_limits_or_refused(lines):
    try:
        tables = parse_toml("\n".join(lines))
    except ValueError:
        return
    depth, level = 0, [tables]
    while level:
        level = [part for here in level for part in (here.values() if isinstance(here, dict) else here)]
        level = [part for part in level if isinstance(part, (dict, list))]
        depth += 1
    assert depth <= MOST_DEPTH + 1


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.binary(max_size=300))
def test_inputs_are_a_function_of_their_number(k, content):
    assert mutated([content], 7, k) == mutated([content], 7, k)


@pytest.mark.parametrize("depth", [MOST_DEPTH, MOST_DEPTH + 1])
def test_depth_is_limited_where_it_says(depth):
    text = "a = " + "[" * depth + "]" * depth
    if depth <= MOST_DEPTH:
        assert "a" in parse_toml(text)
        return
    with pytest.raises(FileError, match="nested deeper than 32"):
        parse_toml(text)


def test_a_page_that_claims_gigabytes_is_refused_before_it_is_read(tmp_path):
    """Found by guided fuzzing: 858 bytes took 17 GB and 30 s, by the claim of one page header alone."""
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    from distributions.parquet_pages import check_pages
    from distributions.parquet_reading import read_parquet

    stream = io.BytesIO()
    pq.write_table(pa.table({"a": [1.0, 2.0, 2.0] * 50}), stream, compression="none")
    good = stream.getvalue()
    assert len(read_parquet(good, 10, 1000)) == 150
    at = pq.ParquetFile(io.BytesIO(good)).metadata.row_group(0).column(0).dictionary_page_offset
    claimed = good[:at] + good[at : at + 30].replace(b"\x4c\x15\x04", b"\x4c\x15\x7e") + good[at + 30 :]
    assert claimed != good
    with pytest.raises(FileError, match="claims a dictionary of 63 values in 16 bytes"):
        read_parquet(claimed, 10, 1000)
    with pytest.raises(FileError, match="unpacks to more than 5 bytes"):
        check_pages(good, 5)


@pytest.mark.parametrize(
    "header", [b"\x15\x00\x15\x10\x15\x10\x25\x02\x00", b"\x15\x00\x15\x10\x15\x10\x2d\x00", b"\xff" * 40, b""]
)
def test_page_headers_that_are_none(header):
    """Found by guided fuzzing: a number where the format has a structure."""
    from distributions.parquet_pages import _check_chunk

    with pytest.raises(FileError):
        _check_chunk(header or bytes(9), 5)


def test_a_damaged_footer_does_not_end_the_program(tmp_path):
    """Found by fuzzing: the library of Parquet aborts when asked for a column whose size statistics are damaged."""
    import io
    import struct

    import pyarrow as pa
    import pyarrow.parquet as pq

    from distributions.parquet_pages import check_pages
    from distributions.parquet_reading import read_parquet

    stream = io.BytesIO()
    pq.write_table(pa.table({"a": [1.0, 2.0]}), stream)
    good = stream.getvalue()
    check_pages(good, 1000)
    size = struct.unpack("<I", good[-8:-4])[0]
    refused = 0
    for at in range(len(good) - 8 - size, len(good)):
        for bit in (1, 16):
            damaged = good[:at] + bytes([good[at] ^ bit]) + good[at + 1 :]
            try:
                read_parquet(damaged, 10, 1000)
            except FileError:
                refused += 1
    assert refused > size  # of twice as many and 16 more; some bits say nothing that is needed
