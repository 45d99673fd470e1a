"""Is it alive, is it healthy, is it ready: asked by people, supervisors and load balancers without signing in."""

from starlette.responses import Response

from openpact.web.ask import Ask
from openpact.web.respond import answer


def alive(ask: Ask) -> object:
    """Answer that this process serves; nothing else is looked at."""
    del ask
    return {"status": "alive"}


def health(ask: Ask) -> Response:
    """Answer whether an act could be done and recorded now: 200 or 503."""
    checks = ask.house.status.health()
    well = all(check.ok for check in checks)
    document: dict[str, object] = {
        "status": "healthy" if well else "unhealthy",
        "setup_required": ask.house.setup.required() if well else None,
        "checks": {check.name: "ok" if check.ok else check.message for check in checks},
    }
    if not well:
        document["reason"] = ", ".join(f"{check.name}: {check.message}" for check in checks if not check.ok)
    return answer(document, ask.request_id, 200 if well else 503)


def ready(ask: Ask) -> Response:
    """Answer whether people and agents can be served: healthy and set up."""
    if not all(check.ok for check in ask.house.status.health()):
        return answer({"ready": False, "reason": "unhealthy"}, ask.request_id, 503)
    if ask.house.setup.required():
        return answer({"ready": False, "reason": "setup_required"}, ask.request_id, 503)
    return answer({"ready": True}, ask.request_id)
