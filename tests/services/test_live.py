"""The ports of a real run: in the script's name, for whoever ran it."""

import asyncio
from pathlib import Path

import pytest

from openpact.domain.principal import Kind
from openpact.domain.run import Code, Denied
from openpact.domain.secret import Mode, Place
from openpact.services.live import script_principal
from openpact.services.secrets import Terms
from tests.services.running import NAME, VALUE, running


def test_a_script_acts_in_its_own_name_for_whoever_ran_it(tmp_path: Path) -> None:
    async def tried() -> None:
        async with running(tmp_path) as here:
            who = script_principal("trusted/report.star", here.boss)
            assert (who.kind, who.id, who.name) == (Kind.SCRIPT, "script/trusted/report.star", "trusted/report.star")
            assert who.owner == here.boss.id

    asyncio.run(tried())


@pytest.mark.promise("SCR-4.06")
def test_a_secret_is_opened_with_its_terms_for_the_scripts_that_it_is_for(tmp_path: Path) -> None:
    async def tried() -> None:
        async with running(tmp_path) as here:
            ports = here.ports()
            terms = Terms(hosts=("a.test",), scripts=("weather", "reports/*"), places=("header",), mode="plain")
            here.set("KEY", terms=terms)
            found = await ports.secrets.open("KEY", NAME)
            assert found is not None
            assert (found.value, found.mode, repr(found)) == (VALUE, Mode.PLAIN, "Secret(KEY)")
            assert found.grant is not None
            assert [str(rule) for rule in found.grant.hosts or ()] == ["a.test"]
            assert found.grant.places == {Place.HEADER}
            assert await ports.secrets.open("KEY", "reports/a/b.star") is not None
            for name in ("other.star", "weather2.star", "x/weather.star"):
                with pytest.raises(Denied) as refusal:
                    await ports.secrets.open("KEY", name)
                assert refusal.value.code is Code.SECRET_NOT_GRANTED
                assert f"--script {name}" in str(refusal.value.hint)
            assert await ports.secrets.open("NONE", NAME) is None
            assert [await ports.secrets.has(name) for name in ("KEY", "NONE")] == [True, False]
            assert (await ports.secrets.redactor()).scrub(VALUE) == "[REDACTED:KEY]"

    asyncio.run(tried())


def test_a_refused_secret_is_not_noted_as_used(tmp_path: Path) -> None:
    async def tried() -> None:
        async with running(tmp_path) as here:
            here.set("KEY", terms=Terms(scripts=("other",)))
            with pytest.raises(Denied):
                await here.ports().secrets.open("KEY", NAME)
            assert here.world.house.secrets.get("KEY").used_at is None

    asyncio.run(tried())


@pytest.mark.promise("SCR-4.17")
def test_what_is_recorded_names_script_asker_and_request(tmp_path: Path) -> None:
    async def tried() -> None:
        async with running(tmp_path) as here:
            record = here.ports().record
            await record.opened("KEY", {"script": NAME})
            async with record.request("https://a.test/", {"method": "GET"}) as effect:
                effect.details["status"] = 200
            events = [*here.events("secret.access"), *here.events("http.request")]
            assert {(event.actor, event.request_id) for event in events} == {("script/weather.star", "req_1")}
            assert [event.outcome for event in events] == ["done", "begun", "done"]
            assert here.recorded("http.request")[0][2]["for"] == here.boss.id
            assert here.recorded("http.request")[1][2]["status"] == 200

    asyncio.run(tried())
