"""Every setting of scripts, sandbox and http reaches what it is for: a key without effect would be a false promise."""

import ipaddress
from pathlib import Path

import msgspec
import pytest

from openpact.adapters.egress.settings import Settings as EgressSettings
from openpact.adapters.sandbox.settings import Settings as PoolSettings
from openpact.app import egress_settings, make_egress, open_app, pool_settings, run_limits
from openpact.config import Audit, Config, Http, Sandbox, Starlark
from openpact.domain.run import Limits
from tests.program import open_home

CONFIG = Config(
    starlark=Starlark(max_execution_ms=1_500, max_memory_mb=64, max_steps=5_000),
    sandbox=Sandbox(require="strict", max_active=3, max_workers=7, max_pending=5, warm=2),
    http=Http(
        allow_private=("10.1.0.0/16", "fd00:1::/64"),
        proxy="http://proxy.example.com:3128",
        ca_file="/etc/ssl/own.pem",
        max_body=2_048,
        max_calls=9,
    ),
    audit=Audit(urls="full"),
)


@pytest.mark.promise("SCR-3.05", "SCR-3.08")
def test_the_settings_of_the_sandbox_reach_the_pool_and_the_runs() -> None:
    assert pool_settings(CONFIG) == PoolSettings(
        max_active=3, memory_mb=64, max_workers=7, max_pending=5, warm=2, require="strict", largest_ms=1_500
    )
    assert run_limits(CONFIG) == Limits(wall_ms=1_500, memory_mb=64, steps=5_000, http_calls=9)


@pytest.mark.promise("SCR-3.14")
def test_the_settings_of_http_reach_the_way_out() -> None:
    assert egress_settings(CONFIG) == EgressSettings(
        allow_private=(ipaddress.ip_network("10.1.0.0/16"), ipaddress.ip_network("fd00:1::/64")),
        proxy="http://proxy.example.com:3128",
        max_body=2_048,
        ca_file=Path("/etc/ssl/own.pem"),
    )
    make_egress(Config()).close()


def test_no_default_of_a_part_differs_from_that_of_its_setting() -> None:
    limits = msgspec.structs.asdict(Limits())
    assert msgspec.structs.asdict(run_limits(Config())) == limits
    assert msgspec.structs.replace(pool_settings(Config()), max_active=1) == PoolSettings(
        max_active=1, largest_ms=Config().starlark.max_execution_ms
    )
    assert egress_settings(Config()) == EgressSettings()


@pytest.mark.promise("SCR-4.15")
@pytest.mark.parametrize("urls", ["path", "full"])
def test_how_much_of_a_url_is_recorded_is_as_configured(tmp_path: Path, urls: str) -> None:
    (tmp_path / "secure" / "data" / "audit").mkdir(parents=True, mode=0o700)
    app = open_app(Config(audit=Audit(urls="full" if urls == "full" else "path")), tmp_path)
    try:
        assert app.house.live.full_urls is (urls == "full")
    finally:
        app.close()


@pytest.mark.promise("SCR-1.08", "SCR-3.05")
def test_the_configuration_holds_for_scripts_on_the_command_line() -> None:
    with open_home() as home:
        (home.path / "asks.star").write_text('def main():\n    return http.get("https://api.test/x")["status"]\n')
        (home.path / "loops.star").write_text("def main():\n    for i in range(100000000):\n        pass\n")
        (home.path / "f.yaml").write_text('http: [{url: "https://api.test/x", body: ok}]\n')
        (home.path / "c.yaml").write_text("starlark: {infer_hosts: false, max_steps: 10000}\n")

        assert home.run("scripts", "test", "asks.star", "--fixtures", "f.yaml").out == "200\n"
        strict = home.run("scripts", "test", "asks.star", "--fixtures", "f.yaml", "--config", "c.yaml", "--json")
        assert (strict.code, strict.json["code"]) == (1, "capability_denied")
        looked = home.run("scripts", "lint", "asks.star", "--config", "c.yaml", "--json")
        assert looked.json[0]["capabilities"]["inferred_hosts"] == []
        assert home.run("scripts", "test", "loops.star", "--config", "c.yaml", "--json").json["code"] == "step_limit"
