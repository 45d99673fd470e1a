"""The page of the URLs, from the table that serves them."""

from docs.reference.markdown import code, heading, table
from openpact.domain.principal import ROLE_NEEDED, SCOPES, Action
from openpact.web.app import TABLE, Open, Url

_WHO = {
    Open.EVERYBODY: "everybody",
    Open.SOCKET: "the machine's own socket",
    Open.ACTS: "as the act needs",
}


def page() -> str:
    """Give the page."""
    rows = [(f"`{url.method} {url.path}`", _who(url), (url.answer.__doc__ or "").split("\n")[0]) for url in TABLE]
    return heading(
        "HTTP",
        "The people's door: JSON in, JSON out. The same URLs are answered on the network, at `server.host` and "
        "`server.port`, and at the machine's own socket, `run/admin.sock` in the workspace.",
        "On the network, send an API token: `Authorization: Bearer opt_…`. A body is `application/json` and at most "
        "1 MiB. Times are RFC 3339 in UTC. Every answer carries `X-Request-Id`. Until there is an administrator, only "
        "what everybody may ask is answered.",
        table(("URL", "who may ask", "what it does"), rows),
        "`as the act needs`: the ledger decides, in the transaction of the act, by the table of [roles](roles.md). "
        "Every refusal has one shape and a code: [errors](errors.md).",
    )


def _who(url: Url) -> str:
    if isinstance(url.needs, Open):
        return _WHO[url.needs]
    scopes = [code(scope) for scope, opened in sorted(SCOPES.items()) if url.needs in opened]
    return _role(url.needs) + (f"; token: {' or '.join(scopes)}" if scopes else "")


def _role(action: Action) -> str:
    return ROLE_NEEDED[action].value
