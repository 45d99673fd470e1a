"""What every section of the configuration is, and the checks that a type cannot say."""

from pathlib import PurePosixPath

from msgspec import Struct

from openpact.domain import location
from openpact.domain.address import read_network

NO_CONTROLS = r"^[^\x00-\x1f\x7f]+$"
VISIBLE_ASCII = "^[!-~]+$"


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every part of the configuration is."""


def check_workspace(text: str) -> None:
    """Raise Invalid where no workspace may be."""
    home = text == "~" or text.startswith("~/")
    location.check(PurePosixPath("/home/~", text[2:].lstrip("/")) if home else PurePosixPath(text), "the workspace")


def check_networks(networks: tuple[str, ...]) -> None:
    """Raise Invalid for what is no network."""
    for text in networks:
        read_network(text)
