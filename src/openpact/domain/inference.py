"""The hosts that a script names in full although it does not declare them, read from the strings of its source.

Rules of this file:
- Only a string of the parsed source counts, never a comment or a docstring, and only one that begins with
  `https://`, plain letters and digits behind it, as the source spells it: what a reviewer cannot see by looking at
  the line is not inferred.
- The host must be whole: `/`, `?` or `#` follows it, or the string ends there and nothing is put behind it that could
  make it longer. `"https://api.example.com" + x` names no host.
- A string that stands behind another one (`base + "https://…"`) is no URL.
- What cannot be analysed infers nothing.
"""

from openpact.domain.capability import InferredHost
from openpact.domain.dataflow import Dataflow
from openpact.domain.destination import Destination, read_url
from openpact.domain.errors import Invalid
from openpact.domain.flow_reading import read_flow
from openpact.domain.http_call import http_calls
from openpact.domain.outline import Outline, Tree
from openpact.domain.url_place import whole_authority

_PUNYCODE = "xn--"  # stands for letters that are not shown
_MOST_HOSTS = 64  # nobody reviews more
_MOST_LINES = 200  # of one string


def infer(source: str, outline: Outline) -> tuple[InferredHost, ...]:
    """Give the hosts that a script names in full. Nothing is inferred for `script_exec` or for what is loaded."""
    if not outline.analysable or not outline.nodes:
        return ()
    return infer_hosts(source, read_flow(Tree(outline.nodes)))


def infer_hosts(source: str, flow: Dataflow) -> tuple[InferredHost, ...]:
    """Give the hosts of a script whose flow has been read; each host once."""
    feeding = flow.feeding(call.url for call in http_calls(flow) if call.url is not None)
    lengthened = flow.lengthened()
    lines = source.split("\n")
    found: dict[tuple[Destination, bool], InferredHost] = {}
    for index in flow.tree.of_kind("Constant"):
        place = _whole_host(flow, index, lines, ends_open=index in lengthened)
        if place is not None and not _stands_behind(flow.tree, index):
            feeds = index in feeding
            found.setdefault((place, feeds), InferredHost(place, *flow.tree.place(index), feeds))
    fed = {place for place, feeds in found if feeds}
    hosts = [host for (place, feeds), host in found.items() if feeds or place not in fed]
    return tuple(hosts[:_MOST_HOSTS])


def _whole_host(flow: Dataflow, index: int, lines: list[str], *, ends_open: bool) -> Destination | None:
    """Find the host that a constant names whole, for everybody to see."""
    url = whole_authority(flow.tree.text(index) or "", ends_open=ends_open)
    node = flow.tree.nodes[index]
    if url is None or not url.startswith("https://") or not url.isascii() or node.end_line - node.line > _MOST_LINES:
        return None
    if url not in "\n".join(lines[node.line - 1 : node.end_line]):
        return None  # spelt with escapes, or not what stands there at all
    try:
        place, _ = read_url(url)
    except Invalid:
        return None
    encoded = any(label.startswith(_PUNYCODE) for label in place.host.split("."))
    return None if encoded else place


def _stands_behind(tree: Tree, index: int) -> bool:
    """Say whether another text stands in front of this one."""
    for parent in tree.parents(index):
        node, here = tree.nodes[parent], tree.nodes[index]
        if node.kind == "JoinedStr" and tree.child(parent, "values") != index:
            return True
        if node.kind not in {"JoinedStr", "BinOp"} or (node.kind == "BinOp" and node.value != "Add"):
            return False
        if here.field == "right":
            return True
        index = parent
    return False
