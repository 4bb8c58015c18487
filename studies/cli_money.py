"""The command about money: its options. What it does is in ``cli_finance``. And the currency of what is printed."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from distributions.input_files import read_json, read_text
from distributions.toml_reading import MOST_TOML_BYTES, parse_toml
from riskmodel.currency import CURRENCIES, INSIDE, in_words

__all__ = ["SPEAK_THEMSELVES", "Commands", "finance", "money_of", "said_in"]

SPEAK_THEMSELVES = (
    "run",
    "show",
    "validate",
    "finance",
    "schema",
    "studies",
    "backtest",
    "cabinets",
    "calibrate",
    "portfolio",
)
"""Commands that name the study's money themselves, or have no study; some speak of several currencies."""
SHIPPED = Path(__file__).parent


class Commands(TyperGroup):
    """The group of all commands: what each of them prints names the money of its study."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was typed."""
        name, *arguments = [*getattr(ctx, "_protected_args", ()), *ctx.args] or [""]
        with said_in(INSIDE if name in SPEAK_THEMSELVES else money_of(arguments)):
            try:
                return super().invoke(ctx)
            except Exception as error:
                told = _of_results(error)
                if told is None:
                    raise
                from studies.cli_problems import fail, refuse

                errors = sys.modules.get("riskmodel.run_errors")
                failed = errors is not None and isinstance(error, errors.RunFailed)  # the machine, not the input
                raise (fail if failed else refuse)(told) from None


def _of_results(error: Exception) -> str | None:
    """Message where it was the results that could not be read, whatever the command did with them."""
    arrow, errors = (sys.modules.get(name) for name in ("pyarrow", "riskmodel.run_errors"))
    if errors is not None and isinstance(error, errors.RunError):
        return str(error)
    if arrow is not None and isinstance(error, arrow.ArrowException):
        return f"A table of these results is damaged ({' '.join(str(error).split())[:200]}); run the study again."
    return None


def money_of(arguments: Sequence[str]) -> str:
    """Currency of the first study or folder of results among the arguments of a command; EUR where there is none."""
    for text in arguments:
        if text.startswith("-"):
            continue
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            currency = _header(Path(text)).get("currency", INSIDE)
            return currency if currency in CURRENCIES else INSIDE
    return INSIDE


def _header(place: Path) -> dict[str, Any]:
    if (place / "manifest.json").is_file():
        return dict(read_json(place / "manifest.json")["study"])
    file = place if place.suffix == ".toml" else SHIPPED / f"{place.name}.toml"
    return dict(parse_toml(read_text(file, MOST_TOML_BYTES))["study"])


class _InMoney(io.TextIOBase):
    """The output stream, with euros as the study's own money: inside, `_eur` stands for it."""

    def __init__(self, stream: Any, currency: str) -> None:
        self._stream, self._currency = stream, currency

    def write(self, text: str) -> int:
        self._stream.write(in_words(text, self._currency))
        return len(text)

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return bool(self._stream.isatty())

    def fileno(self) -> int:
        return int(self._stream.fileno())

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return str(self._stream.encoding)

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        return str(self._stream.errors)


@contextlib.contextmanager
def said_in(currency: str) -> Iterator[None]:
    """Everything printed inside names the study's money; in EUR nothing is changed."""
    if currency == INSIDE:
        yield
        return
    before = sys.stdout
    sys.stdout = _InMoney(before, currency)
    try:
        yield
    finally:
        sys.stdout = before


def finance(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="Folder of a finished run.")],
    out: Annotated[Path | None, typer.Option(help="Folder for tables and figures. Default: none written.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as one JSON object.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print as CSV.")] = False,
) -> None:
    """Ask what a finance team asks: NPV, rates, paybacks, cover of debt, who beats whom, and by which lines."""
    from studies.cli_finance import show_finance

    show_finance(results, out, as_json, as_csv)
