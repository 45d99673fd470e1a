"""Promises about how the house is built. Sections: 1 floors, 2 journeys, 3 decisions taken, 4 habits.

Rules of this file:
- Ids are `ARC-section.number`, in order, never given twice.
"""

from tests.requirements.gaps import ADMIN_API, APPROVALS, DEMO, DOCS, GATEWAY, POLICY, SCRIPTS
from tests.requirements.promise import Promise

PROMISES: tuple[Promise, ...] = (
    # 1 floors
    Promise("ARC-1.01", "Imports point down only: cli, app, web beside gateway, services, adapters, domain"),
    Promise("ARC-1.02", "An adapter imports no other adapter"),
    Promise("ARC-1.03", "The people's door and the agents' door import nothing of each other"),
    Promise("ARC-1.04", "The sandbox's worker imports nothing of ours but its wire"),
    Promise("ARC-1.05", "The domain imports only the standard library and value libraries"),
    Promise(
        "ARC-1.06", "The domain does no input or output, reads no clock, draws no random number, never logs or awaits"
    ),
    Promise("ARC-1.07", "SQL stands only in the store's package"),
    Promise("ARC-1.08", "The keyring is imported only by the services that are named for it"),
    Promise(
        "ARC-1.09",
        "Egress, sandbox and upstream sessions are imported only by the services named for each",
        gap="arrives with the egress, the sandbox and the upstream sessions",
    ),
    Promise("ARC-1.10", "A module with a refused name (utils, manager, helper and the like) fails the build"),
    Promise("ARC-1.11", "No import goes round in a circle, and every package stands on a floor"),
    Promise("ARC-1.12", "No file of ours is over 400 lines, and most are under 150"),
    Promise("ARC-1.13", "One file builds every adapter and service once and closes them in reverse"),
    Promise("ARC-1.14", "The tree of errors stands in its docstring as it is in the code, each with a stable code"),
    Promise("ARC-1.15", "Every error that can be raised has a place in each door's table"),
    Promise("ARC-1.16", "What a role may do stands in one table; what no table names is refused"),
    Promise("ARC-1.17", "The ledger authorises, records and changes in one transaction, or nothing happens"),
    Promise("ARC-1.18", "Every call is decided at one point: refused, asked, or begun with its approval spent", POLICY),
    Promise("ARC-1.19", "Every URL of the people's door stands in one table"),
    Promise("ARC-1.20", "The project's own map names the floors and packages that exist"),
    # 2 journeys
    Promise("ARC-2.01", "A script is a tool of the upstream `script`: one policy and one audit for both", SCRIPTS),
    Promise("ARC-2.02", "A request for approval, `asked` and its outbox row are one transaction", APPROVALS),
    Promise("ARC-2.03", "Settling the counters and the outcome of a call are one transaction", GATEWAY),
    Promise("ARC-2.04", "A proposed script is parsed in the sandbox, committed to git, then recorded", SCRIPTS),
    Promise("ARC-2.05", "An approved script takes effect through the catalog at once", SCRIPTS),
    # 3 decisions taken
    Promise("ARC-3.01", "The relay imports nothing of the official MCP library", GATEWAY),
    Promise("ARC-3.02", "One synchronous store for SQLite and PostgreSQL; each driver stands in a file of its own"),
    Promise("ARC-3.03", "A decision is committed so that a loss of power does not undo it"),
    Promise("ARC-3.04", "Counters and the audit of plain calls survive kill -9 without an fsync for each", GATEWAY),
    Promise("ARC-3.05", "Under load several commits share one fsync", GATEWAY),
    Promise("ARC-3.06", "Script history needs no git binary", SCRIPTS),
    Promise("ARC-3.07", "YAML is read strictly: every value has its line, a duplicate key is an error"),
    Promise("ARC-3.08", "The lock files pin every package with hashes and name no package index"),
    Promise("ARC-3.09", "`make install` works with plain pip and uses uv when it is there"),
    Promise("ARC-3.10", "The OpenAPI document is generated from the table of URLs", ADMIN_API),
    # 4 habits
    Promise("ARC-4.01", "`make` alone lists every target with what it does"),
    Promise("ARC-4.02", "`make up` runs the product from a bare clone"),
    Promise("ARC-4.03", "`make test` passes the tests from a bare clone"),
    Promise(
        "ARC-4.04",
        "`make check` runs all that CI runs: lint, types, architecture, tests, the UI's build and tests",
        gap="partly: the UI's build and tests arrive with the admin UI",
    ),
    Promise("ARC-4.05", "`make fix`, `make bench` and `make fuzz` exist and do what their names say"),
    Promise("ARC-4.06", "`make docs` builds the documentation", DOCS),
    Promise("ARC-4.07", "`make dev` runs the product with reload and seeded demo data", DEMO),
    Promise("ARC-4.08", "The strict sets of ruff and mypy pass over sources and tests"),
    Promise("ARC-4.09", "`find_` may answer None; `get_` answers or raises"),
    Promise("ARC-4.10", "Instants are named `_at` and are aware UTC"),
    Promise("ARC-4.11", "An id carries its kind in front"),
    Promise("ARC-4.12", "Every module opens by saying what it is"),
    Promise("ARC-4.13", "State machines are tables, and the store repeats them as checks"),
    Promise("ARC-4.14", "The diagrams of the documentation are drawn from the state tables", DOCS),
    Promise("ARC-4.15", "Tests use the real thing: no mocks, no sleeps"),
    Promise("ARC-4.16", "The names of tests are sentences"),
    Promise("ARC-4.17", "Every promise has an id and a test, checked both ways"),
    Promise("ARC-4.18", "Decisions are recorded, one page each"),
    Promise("ARC-4.19", "A change log tells readers what changed"),
)
