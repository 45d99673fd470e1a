"""Promises about the UI as a whole.

Sections: 1 the decision, 3 stack and layout, 4 build, 5 serving, 6 design language, 7 components, 8 rules that hold on
every page, 9 keyboard.

Rules of this file:
- Ids are `UI-section.number`, in order, never given twice; pages and tests stand in the second file.
"""

from tests.requirements.gaps import ADMIN_UI
from tests.requirements.promise import Promise

PROMISES: tuple[Promise, ...] = (
    # 1 the decision
    Promise(
        "UI-1.01", "List and detail show the same item after a decision and a live event, in 25 of 25 rounds", ADMIN_UI
    ),
    Promise("UI-1.02", "No screen writes HTML from strings: trusted types, zero violations", ADMIN_UI),
    # 3 stack and layout
    Promise("UI-3.01", "Colours, sizes and durations stand only in the tokens", ADMIN_UI),
    Promise("UI-3.02", "The client's types are generated from the server's document, and neither may drift", ADMIN_UI),
    Promise("UI-3.03", "Packages of the UI are pinned exactly, and the lock names no registry", ADMIN_UI),
    # 4 build
    Promise("UI-4.01", "`pip install` from a checkout builds the UI without Node on the machine", ADMIN_UI),
    Promise("UI-4.02", "Installing a published wheel or sdist fetches no Node and no npm package", ADMIN_UI),
    Promise("UI-4.03", "Fresh assets are not built again; a stamp over the sources decides", ADMIN_UI),
    Promise("UI-4.04", "No install script of any npm package runs", ADMIN_UI),
    Promise("UI-4.05", "Assets are precompressed and cached for good; the HTML is never stored", ADMIN_UI),
    # 5 serving
    Promise("UI-5.01", "The HTML carries the documented security headers", ADMIN_UI),
    Promise("UI-5.02", "Editors get their style nonce; nothing else needs one", ADMIN_UI),
    Promise("UI-5.03", "The event stream is flushed per event, never buffered, pinged every 15 s", ADMIN_UI),
    Promise("UI-5.04", "An unknown page is the app; an unknown `/api` path is JSON 404, never HTML", ADMIN_UI),
    Promise("UI-5.05", "Field errors go to their fields; others show message, hint and request id", ADMIN_UI),
    Promise("UI-5.06", "A 401 keeps the page, asks to sign in and repeats the request", ADMIN_UI),
    Promise("UI-5.07", "Offline or a server error keeps the last data under a banner", ADMIN_UI),
    Promise("UI-5.08", "Writes are never retried by themselves without an idempotency key", ADMIN_UI),
    Promise("UI-5.09", "One stream serves all tabs; another takes over when the leader closes", ADMIN_UI),
    Promise("UI-5.10", "A server of another version asks for a reload", ADMIN_UI),
    # 6 design language
    Promise("UI-6.01", "Every text and control pair has its contrast in both themes", ADMIN_UI),
    Promise("UI-6.02", "Severity has shape as well as colour and a name for screen readers", ADMIN_UI),
    Promise("UI-6.03", "The theme follows the system and can be overridden before first paint", ADMIN_UI),
    Promise("UI-6.04", "Reduced motion stops all movement", ADMIN_UI),
    Promise("UI-6.05", "Fonts are our own and code has no ligatures", ADMIN_UI),
    Promise("UI-6.06", "Each breakpoint has its shell: sidebar, icon rail, phone with bottom tabs", ADMIN_UI),
    Promise("UI-6.07", "Top bar and action bar never scroll away", ADMIN_UI),
    # 7 components
    Promise("UI-7.01", "Every component has a story in development builds, in both themes", ADMIN_UI),
    Promise("UI-7.02", "A disabled button says why", ADMIN_UI),
    Promise("UI-7.03", "A wrong field has icon, text and description, and gets the focus", ADMIN_UI),
    Promise("UI-7.04", "Tables are sorted and walked by keyboard, and windowed when long", ADMIN_UI),
    Promise("UI-7.05", "Toasts never cover actions; errors stay", ADMIN_UI),
    Promise("UI-7.06", "Copying works without permission for the clipboard", ADMIN_UI),
    Promise("UI-7.07", "A log view follows until scrolled up, filters, copies and keeps 10,000 lines", ADMIN_UI),
    Promise("UI-7.08", "Charts have a text summary and their data as a table", ADMIN_UI),
    # 8 rules that hold on every page
    Promise("UI-8.01", "Selection, tab, filter, line and compared versions are in the URL; Back works", ADMIN_UI),
    Promise("UI-8.02", "A bad search parameter falls to its default, never to an error", ADMIN_UI),
    Promise("UI-8.03", "New items wait behind a pill; nothing moves under the reader", ADMIN_UI),
    Promise("UI-8.04", "An item decided elsewhere stays, greyed, with who and why", ADMIN_UI),
    Promise(
        "UI-8.05", "Keys act on the detail that is rendered, not on repeat, in inputs or just after a move", ADMIN_UI
    ),
    Promise("UI-8.06", "High risk is confirmed with its signals; the button is inert for 600 ms", ADMIN_UI),
    Promise("UI-8.07", "A decision is shown at once, can be undone, and comes back on error with the reason", ADMIN_UI),
    Promise("UI-8.08", "Content that changed while reading is shown with its diff", ADMIN_UI),
    Promise("UI-8.09", "Loading, empty and error states are designed and say what to do", ADMIN_UI),
    Promise("UI-8.10", "Agent text is plain text: no markup, no links, hidden characters made visible", ADMIN_UI),
    Promise("UI-8.11", "Long values are folded, and approving says when folded parts were never opened", ADMIN_UI),
    Promise("UI-8.12", "Numbers keep their literal form", ADMIN_UI),
    Promise("UI-8.13", "Secrets never reach the browser", ADMIN_UI),
    Promise("UI-8.14", "Times are relative with the exact one as title", ADMIN_UI),
    Promise("UI-8.15", "The palette finds pages, items and actions", ADMIN_UI),
    Promise("UI-8.16", "Unsaved changes are guarded, and drafts survive a reload", ADMIN_UI),
    Promise("UI-8.17", "Focus goes to the heading after navigation and back after an overlay", ADMIN_UI),
    Promise("UI-8.18", "Touch targets are large enough, and nothing needs a hover", ADMIN_UI),
    Promise("UI-8.19", "Who may decide is known before the click", ADMIN_UI),
    Promise("UI-8.20", "Destructive buttons say what they do", ADMIN_UI),
    # 9 keyboard
    Promise("UI-9.01", "Every documented key works where it is documented", ADMIN_UI),
    Promise("UI-9.02", "Handlers, help and `aria-keyshortcuts` come from one registry", ADMIN_UI),
    Promise("UI-9.03", "Single-key shortcuts can be turned off", ADMIN_UI),
)
