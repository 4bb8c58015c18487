"""The insurer's pack of a results folder as files: a PDF, the same as HTML, and the Open Results Data tables."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmodel.event_files import EVENTS, check_columns
from riskmodel.run_errors import RunError
from studies.reports.source import ReportError, open_results

if TYPE_CHECKING:
    from riskmodel.results import Results

__all__ = ["NAMES", "NEEDED", "insurer_html", "insurer_pdf", "write_insurer"]

NAMES = ("insurer.pdf", "insurer.html")
ORD_FOLDER = "ord"
NEEDED = ("delta_npv_without_early_power_eur",)
NEEDED_BY_YEAR = ("storage_fire_eur", "service_credits_eur", "compute_income_eur", "waiting_for_power_eur")
NEEDED_BY_EVENT = ("path", "event", "year", "hour", "cause", "duration_s", "strategy", "hours_down")
PAGES = 4
SIZES_PT = (8.0, 7.7, 7.4, 7.1)
"""Sizes of the letters tried, largest first, until all is on so many pages; a study of many strategies takes more."""
TEMPLATES = Path(__file__).parent / "templates"


def write_insurer(
    folder: Path, out: Path, paper: str = "a4", cover: str | None = None, with_ord: bool = True
) -> tuple[list[Path], str]:
    """Make the pack and write it; the pages first, as the tables of many lifetimes take minutes.

    Parameters
    ----------
    folder : Path
        Results.
    out : Path
        Folder for the files; made if there is none.
    paper : str
        a4 or letter.
    cover : str, optional
        TOML file of the cover to price, or a shipped one.
    with_ord : bool
        Whether to write the ORD tables, too.

    Returns
    -------
    files : list of Path
        The last is the folder of the ORD tables, where they are written.
    missing : str
        Letters of the study that no carried font has; they are shown as boxes.

    Raises
    ------
    ReportError
        If these results make no pack, or the cover does not fit them.
    """
    from studies.reports.fonts import without_glyph
    from studies.reports.insurer_facts import insurer_facts
    from studies.reports.insurer_page import insurer_page

    results = open_results(folder, NEEDED, NEEDED_BY_YEAR, (EVENTS,))
    try:
        check_columns(folder, NEEDED_BY_EVENT)
    except RunError as error:
        raise ReportError(str(error)) from None
    try:
        facts = insurer_facts(results, cover)
    except ValueError as error:
        raise ReportError(f"--cover {cover}: {error}") from None
    page = insurer_page(facts)
    contents = (insurer_pdf(page, paper), insurer_html(page, paper).encode("utf-8"))
    out.mkdir(parents=True, exist_ok=True)
    files = [out / name for name in NAMES]
    for file, content in zip(files, contents, strict=True):
        file.write_bytes(content)
    if with_ord:
        files.append(_write_ord(results, out / ORD_FOLDER))
    return files, without_glyph("".join((str(results.manifest["study"]["title"]), *results.titles.values())))


def _write_ord(results: Results, folder: Path) -> Path:
    """The tables of ``losses --ord``, read back."""
    from riskmodel.insurance.ord_files import check_folder
    from riskmodel.insurance.report import write_ord

    write_ord(results, folder)
    problems = check_folder(folder)
    if problems:
        raise ReportError("\n".join(["The tables were written and do not read back:", *problems]))
    return folder


def insurer_pdf(page: dict[str, Any], paper: str = "a4") -> bytes:
    """PDF of the pack, tagged (PDF/UA-1), the same bytes for the same page. See `insurer_page`."""
    import typst

    from studies.reports.fonts import font_files
    from studies.reports.pdf import PAPERS, pages

    folders: list[Any] = list(dict.fromkeys(str(file.parent) for file in font_files()))
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)
    moment = datetime.datetime.fromisoformat(page["date"])
    inputs = {"paper": PAPERS[paper], "year": str(moment.year), "month": str(moment.month), "day": str(moment.day)}
    printed = [block for block in page["blocks"] if not block.get("web_only")]
    inputs["data"] = json.dumps(page | {"blocks": printed}, ensure_ascii=False)
    compiler = typst.Compiler(TEMPLATES / "insurer.typ", font_paths=fonts)
    size = next((s for s in SIZES_PT if pages(compiler, inputs | {"size": str(s)}) <= PAGES), SIZES_PT[0])
    inputs["size"] = str(size)
    made = compiler.compile(format="pdf", sys_inputs=inputs, pdf_standards=["ua-1"], timestamp=moment)
    return bytes(made)  # type: ignore[arg-type]


def insurer_html(page: dict[str, Any], paper: str = "a4") -> str:
    """The pack as one HTML file without script or outside request; every text is escaped."""
    import jinja2

    from studies.reports.fonts import embedded
    from studies.reports.web import letters, picture_uri

    environment = jinja2.Environment(
        autoescape=True, loader=jinja2.FileSystemLoader(TEMPLATES), undefined=jinja2.StrictUndefined
    )
    blocks = [block | {"uri": picture_uri(block["svg"])} if "svg" in block else block for block in page["blocks"]]
    words = [{name: part for name, part in block.items() if name != "svg"} for block in page["blocks"]]
    given = page | {
        "blocks": blocks,
        "font": embedded(letters([page["title"], page["study"], words])),
        "paper": {"a4": "A4", "letter": "letter"}[paper],
    }
    return environment.get_template("insurer.html").render(given)
