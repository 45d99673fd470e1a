"""The register of promises: everything the specification says that a test can show to be true or false.

Rules of this file:
- One module a page of the specification; a page's ids begin with its letters, then the section, then a number.
- A promise is kept by at least one test (`@pytest.mark.promise("ID")`) or says in `gap` what is missing.
- `PAGES` keeps what each module wrote, so that an id written twice is seen; `PROMISES` is for looking up.
"""

from collections.abc import Mapping

from tests.requirements import (
    api,
    approvals,
    architecture,
    cli,
    operations,
    policy,
    quality,
    scripts,
    ui,
    ui_pages,
)
from tests.requirements.promise import Promise

PAGES: Mapping[str, tuple[Promise, ...]] = {
    "ARC": architecture.PROMISES,
    "OPS": operations.PROMISES,
    "POL": policy.PROMISES,
    "APR": approvals.PROMISES,
    "SCR": scripts.PROMISES,
    "API": api.PROMISES,
    "CLI": cli.PROMISES,
    "UI": ui.PROMISES + ui_pages.PROMISES,
    "QUA": quality.PROMISES,
}

PROMISES: dict[str, Promise] = {promise.id: promise for page in PAGES.values() for promise in page}

__all__ = ["PAGES", "PROMISES", "Promise"]
