"""The little Markdown that the pages are made of."""

from collections.abc import Iterable, Sequence

NOTE = "<!-- Written from the code by `make docs`; change the code, not this page. -->"


def heading(title: str, *paragraphs: str) -> str:
    """Give the head of a page."""
    return "\n\n".join([f"# {title}", NOTE, *paragraphs]) + "\n"


def section(title: str, *paragraphs: str, level: int = 2) -> str:
    """Give a part of a page."""
    return "\n" + "\n\n".join([f"{'#' * level} {title}", *filter(None, paragraphs)]) + "\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Give a table; a stroke inside a cell must not end it."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def code(text: str) -> str:
    """Give the text as it is, in the type of code."""
    return f"`{text}`"


def block(text: str, language: str = "text") -> str:
    """Give lines as they are, in the type of code."""
    return f"```{language}\n{text.strip(chr(10))}\n```"
