"""Promises about the command line. Sections (ours): 1 what holds everywhere, 2 the commands, 3 the policy test file.

Rules of this file:
- Ids are `CLI-section.number`, in order, never given twice.
"""

from tests.requirements.gaps import (
    ADMIN_API,
    DEMO,
    POLICY_TOOLS,
    PROXY,
    SCHEDULES,
    SCRIPTS,
)
from tests.requirements.promise import Promise

PROMISES: tuple[Promise, ...] = (
    # 1 what holds everywhere
    Promise("CLI-1.01", "Every command has help with an example"),
    Promise("CLI-1.02", "Tables and colour appear on a terminal only"),
    Promise("CLI-1.03", "Every command that answers takes `--json`"),
    Promise("CLI-1.04", "A stream that is piped is JSON lines"),
    Promise("CLI-1.05", "An error is one sentence and a hint, on stderr"),
    Promise("CLI-1.06", "Exit codes: 0 ok, 1 error, 2 usage, 3 not found, 4 conflict, 5 denied, 6 unavailable"),
    Promise("CLI-1.07", "Shell completions are printed"),
    Promise("CLI-1.08", "No command takes a secret as an argument"),
    Promise("CLI-1.09", "No command prints a secret that is kept"),
    Promise("CLI-1.10", "Times are shown relative, with the exact one in `--json`"),
    Promise("CLI-1.11", "Long work shows progress on stderr, only on a terminal"),
    Promise("CLI-1.12", "`--server URL` runs a command against a remote daemon", ADMIN_API),
    # 2 the commands
    Promise(
        "CLI-2.01",
        "`openpact up` runs the gateway, scripts, Admin API and UI in one process",
        gap="partly: the gateway, scripts, the Admin API and the UI arrive as parts of the running daemon",
    ),
    Promise("CLI-2.02", "`openpact up` takes workspace, host, port and configuration as flags"),
    Promise("CLI-2.03", "`openpact up` makes the workspace on first run, prints the URL and the set-up code"),
    Promise("CLI-2.04", "`openpact up` listens on 127.0.0.1:8080 unless told otherwise"),
    Promise("CLI-2.05", "`openpact proxy` puts one policy in front of one server, nothing else needed", PROXY),
    Promise(
        "CLI-2.06",
        "`openpact scripts` does all that the UI does with scripts",
        "partly: lint and test; the rest " + SCRIPTS,
    ),
    Promise("CLI-2.07", "`openpact secrets` lists, sets from stdin or prompt, deletes and rotates the key"),
    Promise("CLI-2.08", "`openpact audit` has tail, search, export and verify"),
    Promise("CLI-2.09", "`openpact user` has add, list, role, disable and reset-password"),
    Promise("CLI-2.10", "`openpact token` has create, list and revoke"),
    Promise("CLI-2.11", "`openpact status`, `doctor` and `version` answer"),
    Promise("CLI-2.12", "`openpact schedule` lists, adds, removes and runs", SCHEDULES),
    Promise("CLI-2.13", "`openpact demo` runs a seeded workspace with a tool server and a simulated agent", DEMO),
    # 3 the policy test file
    Promise(
        "CLI-3.01",
        "Cases run in order; counters and approvals carry over; the clock moves only when told",
        POLICY_TOOLS,
    ),
    Promise("CLI-3.02", "A case gives a call or raw bytes and says what the upstream answers", POLICY_TOOLS),
    Promise("CLI-3.03", "A case expects a decision, and perhaps the rule and a part of the message", POLICY_TOOLS),
    Promise("CLI-3.04", "A case approves, denies or expires the last request", POLICY_TOOLS),
    Promise(
        "CLI-3.05", "One line a case, a count at the end, exit 1 if any fails; `--json` explains each", POLICY_TOOLS
    ),
)
