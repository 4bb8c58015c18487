"""The command ``explain``: the events of one simulated path, and what one of them does to each strategy."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from studies.cli_problems import plain_problems, printable, refuse, warn

if TYPE_CHECKING:
    from riskmodel.event_story import Story
    from riskmodel.study import Study
    from studies.explain_study import Case

__all__ = ["ExplainRequest", "explain_path"]

MOST_PATH = 2**40
WIDTH = 120
MARGIN = 20
PERCENT = 100.0
OUTCOMES = {
    "unaffected": "not affected",
    "rode_through": "rode through",
    "capped": "slowed down",
    "orderly_stop": "stopped in order",
    "abrupt_stop": "stopped abruptly",
    "already_down": "was down already",
}
SHORT = {
    "unaffected": "-",
    "rode_through": "ok",
    "capped": "slow",
    "orderly_stop": "order",
    "abrupt_stop": "abrupt",
    "already_down": "down",
}


@dataclass(frozen=True)
class ExplainRequest:
    """What was typed; None where nothing was."""

    study: str
    path: int
    event: int | None
    strategy: str | None
    seed: int | None
    overrides: tuple[str, ...]
    events: Path | None
    out: Path | None
    as_json: bool


def explain_path(request: ExplainRequest) -> None:
    """Simulate the path, then list its events or explain one; write and print."""
    if not 0 <= request.path <= MOST_PATH:
        raise refuse(f"--path {request.path}: must be the number of a path, from 0")
    if request.out is not None and request.out.exists() and not request.out.is_dir():
        raise refuse(f"--out {request.out}: is a file: type the name of a folder")
    with plain_problems():
        case = _case(request)
        shown = _shown(case.study, request.strategy)
        lines, record, figure = _list(case, shown) if request.event is None else _one(case, shown, request.event)
        if request.out is not None:
            _write(lines, record, figure, request.out)
    if request.as_json:
        typer.echo(json.dumps(record, indent=2, allow_nan=False))
        return
    console = Console()
    if console.width < WIDTH and not console.is_terminal:
        console = Console(width=WIDTH)
    for line in lines:
        if isinstance(line, str):
            console.print(printable(line), highlight=False, markup=False, soft_wrap=True)
        else:
            console.print(line)
    if request.out is not None:
        console.print(printable(f"Written: {request.out}"), highlight=False, markup=False, soft_wrap=True)


def _case(request: ExplainRequest) -> Case:
    import studies
    from riskmodel import manifest as manifests
    from studies.cli_run import events_override
    from studies.explain_study import Case

    folder = Path(request.study)
    manifest = manifests.read(folder) if folder.is_dir() else None
    if manifest is not None:
        if request.seed is not None or request.overrides or request.events is not None:
            raise refuse(f"{folder}: results have their study and their seed: leave out --seed, --set and --events")
        from riskmodel.study import load_study

        paths = int(manifest["paths"] or manifest["paths_wanted"])
        first = int(manifest.get("first_path", 0))
        if not first <= request.path < first + paths:
            raise refuse(f"--path {request.path}: that run has paths {first} to {first + paths - 1}")
        study, seed = load_study(folder / "study.resolved.toml"), int(manifest["seed"])
        if manifest["source_version"] != manifests.source_version():
            typer.echo("Warning: this program's source has changed since that run; numbers may differ.", err=True)
    else:
        study = studies.load(request.study, (*request.overrides, *events_override(request.events)))
        seed = secrets.randbits(63) if request.seed is None else request.seed
    warn(study)
    return Case(study, seed, request.path)


def _shown(study: Study, strategy: str | None) -> list[str]:
    from riskmodel.study.problems import nearest

    names = list(study.strategy_names)
    if strategy is None:
        return names
    if strategy not in names:
        near = nearest(strategy, names)
        raise refuse(f"--strategy {strategy}: {f'did you mean {near}? ' if near else ''}type one of {', '.join(names)}")
    return [strategy]


def _list(case: Case, shown: list[str]) -> tuple[list[Any], dict[str, Any], None]:
    """The path's events in a table."""
    from studies.explain_study import events_of_path, list_of_events

    columns = events_of_path(case)
    events = list_of_events(columns, list(case.study.strategy_names))
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("event", "year", "begins", "cause", "lasts"):
        table.add_column(heading, justify="right" if heading in ("event", "year", "lasts") else "left", no_wrap=True)
    for name in shown:
        table.add_column(Text(printable(name).replace("_", "\n")), justify="right", no_wrap=True)
    for found in events:
        cause = found["cause"]
        if cause == "sag":
            cause += f" to {found['residual_voltage'] * PERCENT:.0f} %"
        day, month, time = found["date"].replace(",", "").split()
        begins = f"{day:>2} {month[:3]} {time}"
        cells = [str(found["event"]), str(found["year"]), begins, cause, _length(found["duration_s"])]
        table.add_row(*cells, *(_did(found["strategies"][name]) for name in shown))
    heading = f"{case.study.header.title}: path {case.path}, seed {case.seed}: {len(events)} events"
    tail = (
        "Numbers: thousand EUR lost, without fuel. abrupt: the GPUs stop abruptly; order: they stop in order; slow: "
        "they work at a lower rate; down: still down from an earlier event; ok: nothing is lost; -: not affected. Type "
        "--event and a number for what happens in one of them."
    )
    lines: list[Any] = [heading, table, tail] if events else [heading]
    return lines, {"path": case.path, "seed": case.seed, "events": events}, None


def _length(seconds: float) -> str:
    """Length of an event in one number."""
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.2g} s"


def _did(found: dict[str, Any]) -> str:
    text = SHORT[found["outcome"]]
    return f"{text} {found['eur_lost'] / 1000:,.1f}" if found["eur_lost"] > 0.0 else text


def _one(case: Case, shown: list[str], event: int) -> tuple[list[str], dict[str, Any], dict[str, Any]]:
    """One event in words."""
    from studies.explain_study import events_of_path, explain, to_plain, wide_text

    columns = events_of_path(case)
    try:
        record = explain(case, columns, event)
    except KeyError:
        last = int(columns["event"].max()) if columns["event"].size else -1
        hint = f"this path has events 0 to {last}" if last >= 0 else "this path has no events"
        raise refuse(f"--event {event}: {hint}; leave it out for a list") from None
    facts = record["event"]
    record["stories"] = [story for story in record["stories"] if story.strategy in shown]
    what = {"sag": f"a voltage sag to {facts['residual_voltage'] * PERCENT:.0f} %", "curtailment": "a call to curtail"}
    words = what.get(facts["cause"], f"an outage ({facts['cause']})")
    lines = [
        f"{case.study.header.title}: path {case.path}, event {event}, seed {case.seed}",
        f"Year {facts['year']}, {facts['date']}: {words}, {wide_text(facts['duration_s'])}.",
    ]
    for story in record["stories"]:
        lines += ["", *story_lines(story)]
    plain = {"path": case.path, "seed": case.seed, "title": case.study.header.title} | to_plain(record)
    return lines, plain, record | {"title": case.study.header.title, "path": case.path, "seed": case.seed}


def story_lines(story: Story) -> list[str]:
    """The time line of one strategy as text."""
    from riskmodel.event_story import CAUSE_WORDS, after

    lines = [f"{story.strategy} ({story.title}): {OUTCOMES[story.outcome]}"]
    lines += [f"  {after(hour):<{MARGIN}}{text}" for hour, text in story.steps]
    total = sum(story.lost.values())
    if total > 0.0:
        parts = [f"{CAUSE_WORDS[cause]} {hours:,.0f}" for cause, hours in story.lost.items() if hours > 0.0]
        lines.append(f"  {'GPU-hours lost':<{MARGIN}}{total:,.0f}: {'; '.join(parts)}")
    money = {cause: eur for cause, eur in story.eur.items() if eur > 0.0}
    if money:
        parts = [f"{CAUSE_WORDS.get(cause, cause)} {eur:,.0f}" for cause, eur in money.items()]
        lines.append(f"  {'EUR lost':<{MARGIN}}{sum(money.values()):,.0f}: {'; '.join(parts)}")
    return lines


def _write(lines: list[Any], record: dict[str, Any], figure: dict[str, Any] | None, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "explain.json").write_text(json.dumps(record, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    if figure is None:
        return
    from studies.figures.event import draw_event
    from studies.figures.style import save, theme

    (out / "explain.md").write_text(markdown(lines), encoding="utf-8")
    with theme():
        save(draw_event(figure), out, "event")


def markdown(lines: list[str]) -> str:
    """The text as Markdown; what studies and files say cannot format it."""
    body = "\n".join(printable(line) for line in lines[2:])
    title, event = (_escaped(printable(line)) for line in lines[:2])
    return f"# {title}\n\n{event}\n\n```text{_fence(body)}\n```\n\n![Time line of the event](event.png)\n"


def _fence(body: str) -> str:
    return "\n" + body.strip("\n").replace("```", "'''")


def _escaped(text: str) -> str:
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]()<>#+!|" else letter for letter in text)
