"""What somebody who shares the account and has no password must not reach: an act of a person, by any way around."""

from collections.abc import Iterator

import pytest

from tests.program import Home, open_home

NEW = "vitamin kettle orbit plum saxon"
ADD_EVE = ("user", "add", "eve", "--role", "admin")


@pytest.fixture
def home() -> Iterator[Home]:
    with open_home() as opened:
        yield opened


def people(home: Home) -> set[str]:
    return {user["username"] for user in home.run("user", "list", "--json").json}


@pytest.mark.promise("APR-4.05", "OPS-2.08")
def test_no_variable_of_the_environment_makes_the_account_an_administrator(home: Home) -> None:
    home.up_and_set_up().stop()
    before = people(home)
    answer = home.run(*ADD_EVE, lines=(NEW, NEW), OPENPACT_ENGINE__USER="nobody")
    assert answer.code == 1
    assert "the environment cannot change what decides how safe the rest is" in answer.err
    assert people(home) == before


@pytest.mark.promise("APR-4.05")
def test_no_configuration_of_the_caller_s_own_makes_the_account_an_administrator(home: Home) -> None:
    home.up_and_set_up().stop()
    before = people(home)
    home.configure("engine: {user: nobody}\n")
    answer = home.run(*ADD_EVE, lines=(NEW, NEW, NEW, NEW))
    assert answer.code == 5, answer.err
    assert people(home) == before


@pytest.mark.promise("APR-4.05")
def test_hiding_the_daemon_s_socket_opens_no_way_past_it(home: Home) -> None:
    home.up_and_set_up()
    path = home.workspace / "run" / "admin.sock"
    path.rename(path.with_name("hidden"))
    answer = home.run(*ADD_EVE, lines=(NEW, NEW))
    path.with_name("hidden").rename(path)
    assert (answer.code, "its socket does not answer" in answer.err) == (6, True)
    assert "eve" not in people(home)
