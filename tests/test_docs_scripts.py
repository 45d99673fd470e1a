"""Every block of the guides about scripts and secrets works as it stands there.

Rules of this file:
- A block that begins with `# file: NAME` is that file; a block `sh` is run, line by line, where the files lie.
- A block `json` is what the command before it printed; a block `text` holds lines that it said, in that order.
- A line that ends with `# exit code N` ends so; all others end with 0.
"""

import asyncio
import base64
import hmac
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from docs.reference import PAGES, findings, runs, starlark
from openpact.adapters.egress.message import Incoming, Outgoing
from openpact.adapters.egress.redirects import Judge
from openpact.adapters.sandbox.inside.builtins import PUBLIC
from openpact.adapters.sandbox.pool import Settings
from openpact.domain.fixture import Fixtures
from openpact.domain.run import Code, Limits
from openpact.services.inspection import inspect
from openpact.services.isolation import isolated
from openpact.services.runs import Runs
from tests.architecture.source import read
from tests.program import Home, Ran, open_home

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# file: (\S+)\n")
_EXIT = re.compile(r"\s*# exit code (\d)$")
_VALUE = "a value that is long enough"
_GIVEN = {"WEATHER_KEY": _VALUE, "PAY_KEY": _VALUE + "!"}  # what the configuration of a page names
_SCOPES = ("secrets:read", "secrets:write")


class Block(NamedTuple):
    """A block of a page: its kind, its text, and the file that it is, if it is one."""

    kind: str
    text: str
    file: str | None


def blocks(text: str) -> list[Block]:
    found = []
    for kind, inside in _BLOCK.findall(text):
        file = _FILE.match(inside)
        found.append(Block(kind, inside, file[1] if file else None))
    return found


def faults(page: str, run: "Run") -> list[str]:
    """Work through a page and say what is not as it stands there."""
    found: list[str] = []
    last: Ran | None = None
    for kind, text, file in blocks(page):
        if file is not None:
            target = run.home.path / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
            found += run.check(file)
        elif kind == "sh":
            for line in filter(None, text.splitlines()):
                last, wanted = run.line(line)
                if last.code != wanted:
                    found.append(f"{line}: ended with {last.code}: {last.err}")
        elif last is None:
            found.append(f"a block {kind} without a command before it")
        elif kind == "json":
            found += [f"{text} is not {last.out}"] if json.loads(text) != json.loads(last.out or "null") else []
        elif kind == "text":
            found += missing(text, last.out + last.err)
        else:
            found.append(f"a block {kind} that nothing tries")
    return found


def missing(text: str, said: str) -> list[str]:
    """Give the lines that were not said behind one another, whatever their blanks."""
    left = iter(" ".join(line.split()) for line in said.splitlines())
    wanted = [" ".join(line.split()) for line in text.splitlines()]
    return [f"nowhere in {said!r}: {line}" for line in wanted if not any(line in each for each in left)]


class Caught:
    """A way out that keeps what would have left, and answers 200."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []

    async def fetch(self, outgoing: Outgoing, judge: Judge, *, seconds: float) -> Incoming:
        del judge, seconds
        self.sent.append(outgoing)
        return Incoming(status=200, headers=(), body=b"", url=outgoing.url)

    def close(self) -> None:
        pass


def sent_by(file: str, args: object, secrets: dict[str, str]) -> Outgoing:
    """Give the request that a script of the guide sends, with these secrets put in."""
    (source,) = [block.text for block in blocks(read("docs/guides/keep-secrets.md")) if block.file == file]
    caught = Caught()

    async def go() -> None:
        looked_into = Runs(Settings(max_active=1, warm=0), Limits())
        await looked_into.open()
        try:
            script = (await inspect(looked_into, file, source, infer_hosts=False)).script()
            ports = msgspec.structs.replace(isolated(Fixtures(secrets=secrets)), web=caught)
            outcome = await looked_into.run(script, ports, args=json.dumps(args))
        finally:
            await looked_into.close()
        assert outcome.success, outcome.ended.failure

    asyncio.run(go())
    (sent,) = caught.sent
    return sent


class Run:
    """Where a page is worked through."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.token = ""

    def check(self, file: str) -> list[str]:
        """Say what is wrong with a file of the page."""
        if file.endswith(".star"):
            (looked,) = self.home.run("scripts", "lint", "--json", file).json
            wrong = [*looked["diagnostics"], *(each for each in looked["findings"] if each["severity"] == "high")]
            return [f"{file}: {each}" for each in wrong]
        if file == "openpact.yaml":
            ran = self.home.run("config", "check", **_GIVEN)
            return [] if ran.code == 0 else [f"{file}: {ran.err}"]
        return []

    def line(self, line: str) -> tuple[Ran, int]:
        """Run a line as somebody with a token that reaches secrets; give how it ended, and how it was to end."""
        wanted = _EXIT.search(line)
        command = _EXIT.sub("", line)
        asks = "secrets set" in command and "<" not in command and "|" not in command
        said = f"<<< {shlex.quote(_VALUE)}" if asks else ""
        script = f'openpact() {{ $OP "$@"; }}\n{command} {said}'
        ran = self.home.shell(script, **_GIVEN, **({"OPENPACT_TOKEN": self.token} if self.token else {}))
        return ran, int(wanted[1]) if wanted else 0


@pytest.fixture
def run() -> Iterator[Run]:
    with open_home() as home:
        yield Run(home)


@pytest.mark.promise("SCR-7.06", "SCR-7.07")
def test_the_guide_to_scripts_is_as_it_says(run: Run) -> None:
    assert faults(read("docs/guides/write-a-script.md"), run) == []


@pytest.mark.promise("SCR-4.03")
def test_the_guide_to_secrets_is_as_it_says(run: Run) -> None:
    run.home.up_and_set_up()
    scopes = [word for scope in _SCOPES for word in ("--scope", scope)]
    run.token = run.home.act("token", "create", "guide", *scopes, "--days", "1", "--json").json["token"]
    assert faults(read("docs/guides/keep-secrets.md"), run) == []


@pytest.mark.promise("SCR-2.13")
def test_the_webhook_of_the_guide_carries_the_signature_of_its_body() -> None:
    sent = sent_by("webhook.star", {"event": {"a": [1, "é"]}}, {"HOOK_KEY": "It's a Secret to Everybody"})
    assert sent.body is not None
    signature = hmac.new(b"It's a Secret to Everybody", sent.body, "sha256").hexdigest()
    assert dict(sent.headers)["X-Hub-Signature-256"] == f"sha256={signature}"


@pytest.mark.promise("SCR-2.13")
def test_the_signature_of_the_guide_is_the_one_that_its_protocol_publishes() -> None:
    # `get-vanilla` of the published examples of Signature Version 4.
    given = {"key_id": "AKIDEXAMPLE", "at": "20150830T123600Z"}
    sent = sent_by("aws.star", given, {"AWS_SECRET_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"})
    assert dict(sent.headers)["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    )


@pytest.mark.promise("SCR-2.13")
def test_the_token_of_the_guide_is_one_that_its_reader_takes() -> None:
    sent = sent_by("token.star", {"subject": "bob", "now": 1_770_287_400}, {"JWT_KEY": "a key of many characters"})
    scheme, _, token = dict(sent.headers)["Authorization"].partition(" ")
    signed, _, signature = token.rpartition(".")
    digest = hmac.digest(b"a key of many characters", signed.encode(), "sha256")
    assert (scheme, signature) == ("Bearer", base64.urlsafe_b64encode(digest).decode().rstrip("="))
    claims = json.loads(base64.urlsafe_b64decode(signed.partition(".")[2] + "=="))
    assert claims == {"sub": "bob", "iat": 1_770_287_400, "exp": 1_770_287_700}


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ("```python\n# file: a.star\nresult = 1\n```\n```sh\nopenpact scripts test a.star\n```\n```json\n1\n```\n", ""),
        ("```python\n# file: a.star\nwhile True:\n```\n", "while"),
        ("```sh\nopenpact scripts lint gone.star\n```\n", "ended with 1"),
        ("```sh\nopenpact scripts lint gone.star   # exit code 1\n```\n", ""),
        ("```sh\nopenpact version\n```\n```text\nnever said\n```\n", "nowhere"),
        ("```sh\nopenpact version --json\n```\n```json\n1\n```\n", "is not"),
        ("```json\n1\n```\n", "without a command"),
        ("```sh\nopenpact version\n```\n```toml\n```\n", "nothing tries"),
    ],
)
def test_a_block_that_does_not_work_is_found(run: Run, page: str, fault: str) -> None:
    found = faults(page, run)
    assert (fault in found[0]) if fault else found == []


@pytest.mark.parametrize("guide", ["write-a-script", "keep-secrets"])
def test_no_command_stands_in_a_block_that_nothing_tries(guide: str) -> None:
    text = _BLOCK.sub("", read(f"docs/guides/{guide}.md"))
    assert re.findall(r"^(?: {4,}|~~~|```).*", text, re.MULTILINE) == []


def test_every_builtin_every_finding_and_every_end_of_a_run_has_its_sentence() -> None:
    page = PAGES["starlark.md"]()
    assert all(re.search(rf"^\| `{name}[.(]", page, re.MULTILINE) for name in PUBLIC)
    assert all(f"| `{code.value}` |" in PAGES["script-runs.md"]() for code in Code)
    said = PAGES["script-findings.md"]()
    assert all(f"| `{code}` |" in said for code in findings.codes())


def test_what_has_no_sentence_stops_the_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for page, table, name in [
        ("starlark.md", starlark.SENTENCES, "http.get"),
        ("script-findings.md", findings.SENTENCES, "secret_flow"),
        ("script-runs.md", runs.SENTENCES, Code.TIMEOUT),
    ]:
        with monkeypatch.context() as patch:
            patch.delitem(table, name)  # type: ignore[arg-type]  # three tables of two types
            with pytest.raises(KeyError):
                PAGES[page]()


def test_no_sentence_is_about_what_is_not_there() -> None:
    assert set(starlark.SENTENCES) == set(starlark.signatures())
    assert set(findings.SENTENCES) == findings.codes()
    assert set(runs.SENTENCES) == set(Code)


def test_the_codes_are_read_from_the_code(tmp_path: Path) -> None:
    found = {"computed_url", "unused_secret", "undeclared_host", "metadata_note", "unknown_metadata", "more_findings"}
    assert found <= findings.codes()
    (tmp_path / "extra.py").write_text('Finding("brand_new", Severity.HIGH, 1, 1, "Said.")\n')
    assert findings.codes(tmp_path) == {"brand_new"}
    (tmp_path / "extra.py").write_text('Finding(computed(), Severity.HIGH, 1, 1, "Said.")\n')
    with pytest.raises(ValueError, match="no code that can be read"):
        findings.codes(tmp_path)
