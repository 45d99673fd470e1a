"""`python -m docs.reference`, or `make docs`: writes every page anew."""

import sys

from docs.reference import FOLDER, PAGES, stale

for name in stale():
    if name in PAGES:
        (FOLDER / name).write_text(PAGES[name](), encoding="utf-8")
        sys.stdout.write(f"wrote docs/reference/{name}\n")
    else:
        sys.stdout.write(f"docs/reference/{name} is written by nothing: delete it\n")
