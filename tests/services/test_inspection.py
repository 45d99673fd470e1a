"""Looking at a script before it runs: everything that is wrong with its line, and what it may use if nothing is."""

import asyncio
from pathlib import Path

import pytest

from openpact.domain import errors
from openpact.domain.capability import Capabilities
from openpact.services.inspection import Inspection, inspect
from tests.services.running import running


def looked_at(folder: Path, *sources: str, infer_hosts: bool = True) -> list[Inspection]:
    async def tried() -> list[Inspection]:
        async with running(folder, sandbox=True) as here:
            runs = here.world.house.runs
            return [await inspect(runs, "a.star", source, infer_hosts=infer_hosts) for source in sources]

    return asyncio.run(tried())


SOUND = """# @secrets: KEY
# @hosts: api.test
# @timeout: 500ms
# @version: 1.2

def main():
    note = "https://other.test/"
    print(note)
    return http.get("https://inferred.test/v1", headers = {"X-Key": secrets.get("KEY")})["status"]
"""


@pytest.mark.promise("SCR-1.03", "SCR-1.06", "SCR-1.07")
def test_a_sound_script_can_run_with_what_it_declares_and_names(tmp_path: Path) -> None:
    (looked,) = looked_at(tmp_path, SOUND)
    assert (looked.sound, looked.problems) == (True, ())
    assert looked.capabilities.secrets == ("KEY",)
    assert [str(rule) for rule in looked.capabilities.hosts] == ["api.test"]
    inferred = {each.place.host: (each.line, each.feeds) for each in looked.capabilities.inferred}
    assert inferred == {"other.test": (7, False), "inferred.test": (9, True)}
    script = looked.script()
    assert (script.name, script.source, script.timeout_ms) == ("a.star", SOUND, 500)
    assert script.capabilities == looked.capabilities
    assert {each.code for each in looked.findings}


@pytest.mark.promise("SCR-1.08")
def test_no_host_is_inferred_where_that_is_switched_off(tmp_path: Path) -> None:
    (looked,) = looked_at(tmp_path, SOUND, infer_hosts=False)
    assert looked.sound
    assert looked.capabilities.inferred == ()


@pytest.mark.promise("SCR-1.03", "SCR-1.04")
def test_every_error_is_told_with_its_line_and_nothing_is_granted(tmp_path: Path) -> None:
    wrong = "# @secrets: key\n# @hosts: api.test\n# @timeout: soon\n\nresult = 1 +\n"
    unread = "result = 1\n\0"
    both = "# @version: 1\n# @version: 2\n\nimport os\nx = 'a\u202eb'\n"
    first, second, third = looked_at(tmp_path, wrong, unread, both)
    assert {problem.line for problem in first.problems if problem.severity == "error"} >= {1, 3, 5}
    assert {problem.code for problem in second.problems} == {"unreadable"}
    assert {problem.line for problem in third.problems} >= {2, 4}
    for looked in (first, second, third):
        assert not looked.sound
        assert looked.capabilities == Capabilities()
        assert list(looked.problems) == sorted(looked.problems, key=lambda each: (each.line, each.column))
        with pytest.raises(errors.ScriptInvalid) as invalid:
            looked.script()
        wrongs = [problem for problem in looked.problems if problem.severity == "error"]
        assert [field["line"] for field in invalid.value.fields] == [problem.line for problem in wrongs]
        assert all(field["file"] == "a.star" and field["message"] for field in invalid.value.fields)
        assert "error" in invalid.value.message


def test_half_a_letter_is_told_and_is_no_fault(tmp_path: Path) -> None:
    (looked,) = looked_at(tmp_path, "result = '\ud800'")
    assert not looked.sound


@pytest.mark.promise("SCR-8.03")
def test_what_a_reviewer_should_look_at_is_told_with_its_line(tmp_path: Path) -> None:
    source = (
        '# @secrets: KEY UNUSED\n\ndef main(host):\n    return http.get(host, headers = {"a": secrets.get("KEY")})\n'
    )
    (looked,) = looked_at(tmp_path, source)
    assert looked.sound
    found = {(each.code, each.line) for each in looked.findings}
    assert {line for _, line in found} >= {1, 4}
    assert any("unused" in code for code, _ in found)
