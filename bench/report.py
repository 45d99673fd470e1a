"""What a run says: a document for programs, a table for the terminal, a table for the page.

Rules of this file:
- Every row names its command, and its bar or that there is none.
- In the page only what stands between the markers is written; the text around it is people's.
"""

from typing import Any

from rich.table import Table
from rich.text import Text

from bench.frame import Figure, Result, Row

FORMAT = "openpact-bench-1"
BEGIN = "<!-- bench: begin, written by `make bench` -->"
END = "<!-- bench: end -->"
NO_BAR = "no bar"

_HEADINGS = ("what", "measured", "against, in the same run", "ratio", "must be", "command")


class PageUnusable(Exception):
    """The page has no place for the table."""


def document(results: list[Result], **about: Any) -> dict[str, Any]:
    """Give the whole run for programs."""
    return {"format": FORMAT, **about, "rows": [_document(result) for result in results]}


def table(results: list[Result]) -> Table:
    """Give the run for a terminal."""
    shown = Table(title="Medians of interleaved rounds (smallest - largest)")
    for heading in ("row", *_HEADINGS[:-1]):
        shown.add_column(heading, overflow="fold")
    for result in results:
        style = {None: "", True: "green", False: "bold red"}[result.holds]
        cells = [result.row.name, *_cells(result)]
        shown.add_row(*cells[:-1], Text(cells[-1], style))
    return shown


def listing(rows: list[Row]) -> Table:
    """Give what rows there are."""
    shown = Table("row", "what", "against", "must be")
    for row in rows:
        shown.add_row(row.name, row.what, row.against or "nothing", bar_of(row))
    return shown


def bar_of(row: Row) -> str:
    """Give what a row must keep, in words."""
    return NO_BAR if row.bar is None else row.bar.text


def markdown(said: dict[str, Any], results: list[Result]) -> str:
    """Give the run for the page."""
    lines = ["| " + " | ".join(_HEADINGS) + " |", "|" + "---|" * len(_HEADINGS)]
    for result in results:
        cells = [*_cells(result), f"`{result.row.command}`"]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    machine = ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in said["machine"].items())
    lines += [
        "",
        f"OpenPact {said['version']}, {said['at']}, {said['rounds']} rounds (seed {said['seed']}).",
        f"Load average {said['load']['before'][0]} before and {said['load']['after'][0]} after.",
        f"Machine: {machine}.",
    ]
    return "\n".join(lines)


def into_page(page: str, between: str) -> str:
    """Put the text between the page's markers. Raises PageUnusable when they are not there, once and in order."""
    before, begun, rest = page.partition(BEGIN)
    _old, ended, after = rest.partition(END)
    if not begun or not ended or BEGIN in rest or END in before or END in after:
        raise PageUnusable(f"the page needs the two lines {BEGIN} and {END}, once each and in this order")
    return f"{before}{BEGIN}\n{between}\n{END}{after}"


def shown(value: float, unit: str) -> str:
    """Write a figure with three digits that say something."""
    return f"{_digits(value)} {unit}".strip()


def _cells(result: Result) -> list[str]:
    row = result.row
    measured = _spread(result.value, row.unit)
    if result.a_second is not None:
        measured += f" = {result.a_second:,.0f} {row.rate}/s"
    beside, ratio = result.beside, result.ratio
    return [
        row.what,
        measured,
        f"{row.against}: {_spread(beside, row.unit)}" if beside is not None else "nothing",
        _spread(ratio, "") if ratio is not None else "",
        bar_of(row) + {None: "", True: ": holds", False: ": MISSED"}[result.holds],
    ]


def _spread(figure: Figure, unit: str) -> str:
    return f"{shown(figure.median, unit)} ({_digits(figure.low)} - {_digits(figure.high)})"


def _digits(value: float) -> str:
    return f"{value:,.{0 if value >= 100 else 1 if value >= 10 else 2}f}"  # noqa: PLR2004 - three digits are told


def _document(result: Result) -> dict[str, Any]:
    row = result.row
    return {
        "name": row.name,
        "what": row.what,
        "against": row.against,
        "unit": row.unit,
        "command": row.command,
        "bar": None if row.bar is None else {"limit": row.bar.limit, "of": row.bar.of, "text": row.bar.text},
        "holds": result.holds,
        "value": _figure(result.value),
        "beside": _figure(result.beside),
        "ratio": _figure(result.ratio),
        "rate": None if result.a_second is None else {"of": row.rate, "a_second": _short(result.a_second)},
        "rounds": [[_short(one.value), None if one.beside is None else _short(one.beside)] for one in result.rounds],
    }


def _figure(figure: Figure | None) -> dict[str, float] | None:
    if figure is None:
        return None
    return {"median": _short(figure.median), "min": _short(figure.low), "max": _short(figure.high)}


def _short(value: float) -> float:
    return float(f"{value:.4g}")
