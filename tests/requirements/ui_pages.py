"""Promises about the pages of the UI. Sections: 10 pages, 11 editors, 12 tests.

Rules of this file:
- Ids are `UI-section.number`, in order, never given twice; what holds on every page stands in the first file.
"""

from tests.requirements.gaps import ADMIN_UI, NOTIFICATIONS, PASSKEYS, SCHEDULES, SSO
from tests.requirements.promise import Promise

PROMISES: tuple[Promise, ...] = (
    # 10 pages
    Promise("UI-10.01", "Set-up leads from an empty server to a first call, step by step, and resumes", ADMIN_UI),
    Promise("UI-10.02", "Set-up shows recovery codes and the agent's token once", ADMIN_UI),
    Promise("UI-10.03", "Set-up is gone once a user exists", ADMIN_UI),
    Promise("UI-10.04", "Logging in has one wording for a wrong name or password, and seconds for a limit", ADMIN_UI),
    Promise("UI-10.05", "`next` leads only to paths of our own origin", ADMIN_UI),
    Promise("UI-10.06", "Logging in with a passkey is the first choice when one is known", PASSKEYS),
    Promise("UI-10.07", "Single sign-on buttons come before the password when configured", SSO),
    Promise("UI-10.08", "The queue filters, sorts and counts, what expires first on top", ADMIN_UI),
    Promise("UI-10.09", "The detail shows what stands out, all arguments, the reason given and the context", ADMIN_UI),
    Promise("UI-10.10", "A rejection asks for a reason that goes back to the agent", ADMIN_UI),
    Promise("UI-10.11", "After a decision the next row is selected and the order is kept", ADMIN_UI),
    Promise("UI-10.12", "Approving several works for low risk and one tool only, with a list to confirm", ADMIN_UI),
    Promise("UI-10.13", "An item that expires while open says so", ADMIN_UI),
    Promise("UI-10.14", "When the stream is down, a banner says since when", ADMIN_UI),
    Promise("UI-10.15", "An edited call's judgement is shown before it is sent", ADMIN_UI),
    Promise("UI-10.16", "The grant sheet fixes or frees each field and says what it would have matched", ADMIN_UI),
    Promise("UI-10.17", "A quorum shows who voted and who is still needed", ADMIN_UI),
    Promise("UI-10.18", "On a phone the queue and the detail work with one thumb", ADMIN_UI),
    Promise("UI-10.19", "Browser and phone notifications are opt-in", NOTIFICATIONS),
    Promise(
        "UI-10.20", "The review shows changes, new hosts, secrets and limits, checks and findings by line", ADMIN_UI
    ),
    Promise("UI-10.21", "Approve is disabled with its reason: failing check, own script, newer version", ADMIN_UI),
    Promise("UI-10.22", "Versions compare, and restore makes a new pending one", ADMIN_UI),
    Promise("UI-10.23", "A test run has a form from the parameters, recorded responses and a live log", ADMIN_UI),
    Promise("UI-10.24", "A very large source is offered for download instead of freezing the page", ADMIN_UI),
    Promise("UI-10.25", "The scripts list shows what serves and what is pending, with its row actions", ADMIN_UI),
    Promise("UI-10.26", "A person proposes a script in the editor with the server's diagnostics", ADMIN_UI),
    Promise("UI-10.27", "Disabling a script is a red banner; enabling needs a reason", ADMIN_UI),
    Promise("UI-10.28", "Every number and bar of the overview links to the audit with that filter", ADMIN_UI),
    Promise("UI-10.29", "Policies are edited with completion, diagnostics and a replay of the last 24 hours", ADMIN_UI),
    Promise("UI-10.30", "Activating a policy shows diff and replay, needs a note, and detects a conflict", ADMIN_UI),
    Promise("UI-10.31", "Secrets are write-only: no value, length, reveal or last digits", ADMIN_UI),
    Promise("UI-10.32", "Deleting a secret lists what breaks and asks for its name", ADMIN_UI),
    Promise("UI-10.33", "Secrets that pending scripts want are on top with Add", ADMIN_UI),
    Promise("UI-10.34", "The audit is searched by tokens, followed live, and pages by cursor", ADMIN_UI),
    Promise("UI-10.35", "Exporting the audit keeps the filter shown and is itself audited", ADMIN_UI),
    Promise("UI-10.36", "An event's detail says whether the chain is intact", ADMIN_UI),
    Promise("UI-10.37", "People are invited, given roles and deactivated; the last admin cannot step down", ADMIN_UI),
    Promise("UI-10.38", "An agent is paused with one click and a confirm", ADMIN_UI),
    Promise("UI-10.39", "A new token is shown once in a dialog that does not close by accident", ADMIN_UI),
    Promise("UI-10.40", "Settings save by section and detect a change made elsewhere", ADMIN_UI),
    Promise("UI-10.41", "The support bundle holds no secrets", ADMIN_UI),
    Promise("UI-10.42", "The schedules page shows next runs, last results and runs now", SCHEDULES),
    Promise("UI-10.43", "A chunk that fails after an upgrade reloads once, then says so", ADMIN_UI),
    Promise("UI-10.44", "404, 403 and a crash have pages that lead on", ADMIN_UI),
    # 11 editors
    Promise("UI-11.01", "Diagnostics stand at the right line and column, whatever characters come before", ADMIN_UI),
    Promise("UI-11.02", "Hidden and bidirectional characters are shown in source and diff", ADMIN_UI),
    Promise("UI-11.03", "Risk marks of the gutter are also a list that the keyboard reaches", ADMIN_UI),
    Promise("UI-11.04", "A link to a line opens the diff there, collapsed or not", ADMIN_UI),
    Promise("UI-11.05", "Lines changed as a whole have no in-line highlight", ADMIN_UI),
    # 12 tests
    Promise("UI-12.01", "Set-up, login, approve, audit, conflicts, expiry, undo and offline pass end to end", ADMIN_UI),
    Promise("UI-12.02", "Every page in both themes and sizes: axe clean, no CSP violation, no console error", ADMIN_UI),
    Promise("UI-12.03", "No bundle is over its budget", ADMIN_UI),
)
