"""Promises about the Admin API.

Sections (ours; the page has one table): 1 what holds everywhere, 2 set-up and signing in, 3 scripts, 4 secrets,
5 approvals and grants, 6 policies, servers and tools, 7 audit, statistics and events, 8 administration.

Rules of this file:
- Ids are `API-section.number`, in order, never given twice.
"""

from tests.requirements.gaps import (
    ADMIN_API,
    APPROVALS,
    GATEWAY,
    NOTIFICATIONS,
    PINNING,
    POLICY,
    SCHEDULES,
    SCRIPTS,
    SIGN_IN,
)
from tests.requirements.promise import Promise

PROMISES: tuple[Promise, ...] = (
    # 1 what holds everywhere
    Promise("API-1.01", "Every error has one shape: error, message, perhaps hint and fields, request_id"),
    Promise("API-1.02", "Every error has the status that fits it"),
    Promise("API-1.03", "An unknown path is 404 and a wrong method 405, as JSON"),
    Promise("API-1.04", "A body over 1 MiB is 413"),
    Promise("API-1.05", "A wrong content type is 415"),
    Promise("API-1.06", "Lists are paged by limit and cursor and can be filtered", ADMIN_API),
    Promise("API-1.07", "Times are RFC 3339 UTC"),
    Promise("API-1.08", "Hashes are `sha256:` and 64 hex digits everywhere"),
    Promise("API-1.09", "What people edit has an ETag, and a stale If-Match is refused", ADMIN_API),
    Promise("API-1.10", "The OpenAPI document is exact: every answer of the server is described by it", ADMIN_API),
    Promise("API-1.11", "Only set-up, the way in and health answer without a bearer token", ADMIN_API),
    Promise("API-1.12", "Reading needs viewer, deciding reviewer, changing admin"),
    # 2 set-up and signing in
    Promise("API-2.01", "`GET /api/setup/status` tells whether set-up is needed"),
    Promise("API-2.02", "`POST /api/setup` makes the first administrator or says what is wrong"),
    Promise(
        "API-2.03", "Login answers with the refresh cookie, or invalid_credentials, otp_required, rate_limited", SIGN_IN
    ),
    Promise("API-2.04", "`GET /api/session` turns the cookie into an access token", SIGN_IN),
    Promise("API-2.05", "A person changes password, TOTP and sessions of their own account", SIGN_IN),
    # 3 scripts
    Promise("API-3.01", "Scripts are listed with status, hash, versions, hosts, secrets and tools", SCRIPTS),
    Promise("API-3.02", "A script is created pending; a taken or bad name is refused", SCRIPTS),
    Promise("API-3.03", "One script answers with source, metadata, findings, functions and its last 50 runs", SCRIPTS),
    Promise("API-3.04", "Saving makes a pending revision; deleting answers 204", SCRIPTS),
    Promise("API-3.05", "Approve and reject take the hash shown and answer with the documented bodies", SCRIPTS),
    Promise("API-3.06", "`require_hash` makes a body-less approve 428 `hash_required`", SCRIPTS),
    Promise("API-3.07", "One answer holds all that a review page needs", SCRIPTS),
    Promise("API-3.08", "A run's log is a stream of log, http and done", SCRIPTS),
    Promise("API-3.09", "A test run takes arguments, function, revision and fixtures", SCRIPTS),
    Promise("API-3.10", "History and one version are answered; never another object's content", SCRIPTS),
    Promise("API-3.11", "A diff is unified and takes abbreviated hashes when unique", SCRIPTS),
    Promise("API-3.12", "Restore answers a new pending revision; rollback refuses what was never approved", SCRIPTS),
    Promise("API-3.13", "Reload answers what was created, modified, deleted and left", SCRIPTS),
    Promise("API-3.14", "Lint answers diagnostics, capabilities and findings and stores nothing", SCRIPTS),
    # 4 secrets
    Promise("API-4.01", "Secrets are listed, set and deleted by metadata only"),
    # 5 approvals and grants
    Promise("API-5.01", "One inbox holds approval records and pending revisions", APPROVALS),
    Promise("API-5.02", "A record carries exact text of the arguments, summary, signals and who may decide", APPROVALS),
    Promise("API-5.03", "A decision sends the fingerprint shown and an idempotency key", APPROVALS),
    Promise(
        "API-5.04",
        "Refusals are already_decided, content_changed, expired, not_eligible, own_request, too_late",
        APPROVALS,
    ),
    Promise("API-5.05", "The older short forms work on the same records", APPROVALS),
    Promise("API-5.06", "Grants are listed, made and revoked", APPROVALS),
    # 6 policies, servers, tools
    Promise("API-6.01", "A policy is read, validated, simulated and saved as a version", POLICY),
    Promise("API-6.02", "A policy kept in a file cannot be saved over the API: `file_managed`", POLICY),
    Promise("API-6.03", "Servers are listed and restarted", GATEWAY),
    Promise("API-6.04", "Tool definitions are listed with their diffs and approved", PINNING),
    # 7 audit, statistics, events
    Promise("API-7.01", "The audit is searched, exported and verified", ADMIN_API),
    Promise("API-7.02", "Statistics answer summary, aligned series and top lists", GATEWAY),
    Promise("API-7.03", "Events stream with the bearer token, filtered by role, and resume", ADMIN_API),
    Promise("API-7.04", "The event stream ends with the session, and no token is ever in a URL", ADMIN_API),
    # 8 administration
    Promise("API-8.01", "People and tokens are administered over the API", ADMIN_API),
    Promise("API-8.02", "Settings are read and saved", ADMIN_API),
    Promise("API-8.03", "Schedules are administered over the API", SCHEDULES),
    Promise("API-8.04", "A test notification is sent with the response shown", NOTIFICATIONS),
)
