"""Settings in layers: which wins, which names are overrides at all, and that every layer is judged by itself."""

from collections.abc import Mapping
from typing import Annotated

import pytest
from msgspec import Meta, Struct

from openpact.domain.errors import Invalid
from openpact.domain.settings import Merged, keys, merge


class Port(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    number: Annotated[int, Meta(description="Which.", ge=0, le=65535)] = 8080
    last: Annotated[int, Meta(ge=0)] = 9090

    def __post_init__(self) -> None:
        if self.last < self.number:
            raise Invalid("the last port is below the first", hint="Swap them.")


class Named(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    value: str


class Security(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    strict: bool = False


class Approval(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    required: bool = True


class Scripts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    approval: Approval = Approval()
    max_ms: int = 5
    path: str | None = None
    secrets: Annotated[dict[str, str | Named], Meta(extra={"mask": len})] = {}


def hidden(_value: str) -> str:
    return "***"


class Whole(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    port: Port = Port()
    security: Security = Security()
    scripts: Scripts = Scripts()
    password: Annotated[str | None, Meta(extra={"mask": hidden})] = None


NONE: Mapping[str, str] = {}


def merged(
    text: str = "", environment: Mapping[str, str] = NONE, flags: Mapping[str, str | int | bool] | None = None
) -> Merged[Whole]:
    return merge(Whole, file="c.yaml", text=text.encode(), environment=environment, flags=flags or {})


def wrong(
    text: str = "", environment: Mapping[str, str] = NONE, flags: Mapping[str, str | int | bool] | None = None
) -> list[tuple[str, str, str]]:
    made = merged(text, environment, flags)
    assert made.value is None
    return [(each.source, each.fault.path, each.fault.message) for each in made.wrong]


def test_every_key_is_known_with_its_description_its_variable_and_its_mask() -> None:
    found = keys(Whole)
    assert list(found) == [
        *("port.number", "port.last", "security.strict", "scripts.approval.required", "scripts.max_ms", "scripts.path"),
        *("scripts.secrets", "password"),
    ]
    assert found["port.number"].description == "Which."
    assert found["port.last"].description == ""
    assert found["scripts.max_ms"].variable == "OPENPACT_SCRIPTS__MAX_MS"
    assert found["port.number"].mask is None
    mask = found["password"].mask
    assert mask is not None
    assert mask("secret") == "***"


def test_each_layer_wins_over_the_one_before() -> None:
    text, environment = "port:\n  number: 1\n", {"OPENPACT_PORT__NUMBER": "2"}
    flags: dict[str, str | int | bool] = {"port.number": 3}
    assert merged().value == Whole()
    found = [merged(text), merged(text, environment), merged(text, environment, flags), merged(text, NONE, flags)]
    assert [made.value and made.value.port.number for made in found] == [1, 2, 3, 3]
    assert [made.origins["port.number"] for made in found] == [
        *("c.yaml:2", "environment OPENPACT_PORT__NUMBER", "flag --number", "flag --number")
    ]


def test_every_key_has_an_origin_and_nothing_else_has() -> None:
    made = merged("port: {last: 9999}\nsecurity:\n")
    assert made.value == Whole(port=Port(last=9999))
    assert made.origins == {**dict.fromkeys(keys(Whole), "default"), "port.last": "c.yaml:1"}


def test_a_flag_of_a_path_is_called_after_its_section() -> None:
    assert merged(flags={"scripts.path": "x"}).origins["scripts.path"] == "flag --scripts"
    assert merged(flags={"scripts.max_ms": 7}).origins["scripts.max_ms"] == "flag --max-ms"


def test_text_from_the_environment_and_from_flags_gets_the_type_of_its_key() -> None:
    environment = {"OPENPACT_PORT__NUMBER": "80", "OPENPACT_SCRIPTS__PATH": "80", "OPENPACT_PASSWORD": "no override"}
    made = merged(environment=environment, flags={"port.last": "81", "security.strict": True}).value
    assert made == Whole(
        port=Port(number=80, last=81), scripts=Scripts(path="80"), security=Security(strict=True), password=None
    )


def test_no_layer_hides_an_error_of_the_one_beneath() -> None:
    found = wrong("port: {number: abc}", {"OPENPACT_PORT__NUMBER": "x"}, {"port.number": 99999})
    assert found == [
        ("file", "port.number", "expected a whole number, got a string"),
        ("environment", "port.number", "environment OPENPACT_PORT__NUMBER: expected a whole number, got a string"),
        ("flags", "port.number", "flag --number: must be from 0 to 65535"),
    ]


def test_all_errors_of_the_file_are_reported_in_order_whatever_their_kind() -> None:
    text = "port: {number: ${GONE}, nope: 1}\nscripts: {max_ms: 012, max_ms: 1}\n"
    assert [(path, message) for _, path, message in wrong(text)] == [
        *(("", "brackets that are not closed, or lack a comma"),)
    ]
    text = text.replace("${GONE}", "'${GONE}'")
    assert [(path, message) for _, path, message in wrong(text)] == [
        ("port.number", "the environment variable GONE is not set"),
        ("port.nope", 'unknown key "nope"'),
        ("scripts.max_ms", "a number with a leading zero, which some readers take for octal"),
        ("scripts.max_ms", 'the key "max_ms" is set already on line 2'),
    ]


def test_after_a_syntax_error_no_key_is_called_missing() -> None:
    assert len(wrong("port: [")) == 1


def test_variables_are_filled_in_and_typed() -> None:
    made = merged("port: {number: '${P}', last: '${Q:-8081}'}", {"P": "80"})
    assert made.value == Whole(port=Port(number=80, last=8081))
    assert made.origins["port.number"] == "c.yaml:1"


@pytest.mark.parametrize(
    "variable",
    [
        *("OPENPACT_SECURITY__STRICT", "OPENPACT_SECURITY__WHATEVER", "OPENPACT_SCRIPTS__APPROVAL__REQUIRED"),
        *("OPENPACT_APPROVALS__TIMEOUT", "OPENPACT_STARLARK__APPROVAL__REQUIRED", "OPENPACT_SCRIPTS__APPROVAL"),
        *("openpact_security__strict", "OpenPact_Security__Strict"),
        *("OPENPACT_SECRETS__REQUIRE_GRANTS", "OPENPACT_SCRIPTS__SECRETS", "OPENPACT_SCRIPTS__SECRETS__A"),
    ],
)
def test_the_environment_cannot_reach_what_decides_how_safe_the_rest_is(variable: str) -> None:
    ((source, path, message),) = wrong(environment={variable: "false"})
    assert source == "environment"
    assert path == variable[9:].lower().replace("__", ".")
    assert message == f"environment {variable}: the environment cannot change what decides how safe the rest is"


@pytest.mark.parametrize(
    ("variable", "hint"),
    [
        ("OPENPACT_PORT__NUMBR", "Did you mean OPENPACT_PORT__NUMBER?"),
        ("OPENPACT_Port__Number", "Did you mean OPENPACT_PORT__NUMBER?"),
        ("OPENPACT_ZZZ__QQQQQQQQQQQQ", "Unset it; `openpact config schema` lists every key."),
        ("OPENPACT__PORT", None),
        ("OPENPACT___", None),
    ],
)
def test_a_variable_that_names_no_setting_is_refused(variable: str, hint: str | None) -> None:
    made = merged(environment={variable: "1"})
    (found,) = made.wrong
    assert found.fault.message == f"environment {variable}: there is no such setting"
    assert hint is None or found.fault.hint == hint


def test_the_name_of_a_variable_cannot_command_a_terminal() -> None:
    ((_, path, message),) = wrong(environment={"OPENPACT_A__\x1b[2J": "1"})
    assert "\x1b" not in path + message


def test_a_guarded_key_is_never_suggested() -> None:
    (found,) = merged(environment={"OPENPACT_SECURTY__STRICT": "1"}).wrong
    assert "SECURITY" not in (found.fault.hint or "")


def test_names_with_single_underscores_are_no_overrides() -> None:
    environment = {"OPENPACT_WORKSPACE": "/x", "OPENPACT_CONFIG": "y", "OPENPACT_PORT_NUMBER": "z", "OPENPACTX__Y": "1"}
    assert merged(environment=environment).value == Whole()


def test_a_value_from_outside_is_never_repeated() -> None:
    found = merged(
        "scripts: {max_ms: '${P}'}", {"P": "hunter2", "OPENPACT_PORT__NUMBER": "hunter2"}, {"port.last": "hunter2"}
    )
    assert len(found.wrong) == 3
    assert "hunter" not in str([(each.fault.message, each.fault.hint) for each in found.wrong])


def test_a_flag_for_no_key_is_refused() -> None:
    assert wrong(flags={"port.nmber": 1}) == [("flags", "port.nmber", 'flag --nmber: unknown key "nmber"')]


def test_layers_that_are_right_alone_and_wrong_together_are_refused() -> None:
    assert wrong("port: {last: 9000}", {"OPENPACT_PORT__NUMBER": "9050"}) == [
        ("file", "port", "the last port is below the first")
    ]


@pytest.mark.promise("SCR-4.05")
def test_a_table_of_names_is_one_key_whose_origin_is_where_the_first_name_stands() -> None:
    text = "scripts:\n  max_ms: 7\n  secrets:\n    A: '${V}'\n    'b c': {value: x}\n    D: {value: y}\n"
    made = merged(text, {"V": "hush"})
    assert made.value is not None
    assert made.value.scripts.secrets == {"A": "hush", "b c": Named(value="x"), "D": Named(value="y")}
    assert made.origins["scripts.secrets"] == "c.yaml:4"
    assert made.origins.keys() == keys(Whole).keys()
    assert wrong(text) == [("file", "scripts.secrets.A", "the environment variable V is not set")]
    assert {path for _, path, _ in wrong("scripts: {secrets: {A: {valu: 1}}}")} == {
        *("scripts.secrets.A.valu", "scripts.secrets.A.value"),
    }


@pytest.mark.promise("SCR-4.05")
@pytest.mark.parametrize("variable", ["OPENPACT_SECRET_API__KEY", "OPENPACT_SECRET_A__", "OPENPACT_SECRET_A"])
def test_the_value_of_a_secret_in_the_environment_is_no_setting(variable: str) -> None:
    assert merged(environment={variable: "hush"}).value == Whole()


@pytest.mark.parametrize("variable", ["OPENPACT_SECRET__STRICT", "OPENPACT_SECRETX__A", "openpact_secret_api__key"])
def test_what_is_only_near_the_name_of_a_secret_is_refused(variable: str) -> None:
    assert len(wrong(environment={variable: "hush"})) == 1


@pytest.mark.parametrize(
    "text",
    [
        "scripts:\n  max_ms: 7\n  secrets: {KEY: '${UNSET}', OTHER: {value: '${UNSET}'}}\n",
        "scripts:\n  secrets: {KEY: '${UNSET}'}\n  max_ms: 7\n",
        "scripts: {max_ms: 7}\n",
    ],
)
def test_what_is_left_unread_wants_no_variables(text: str) -> None:
    found = merge(Whole, file="c.yaml", text=text.encode(), environment={}, flags={}, unread="scripts.secrets")
    assert found.wrong == ()
    assert found.value == Whole(scripts=Scripts(max_ms=7))


@pytest.mark.parametrize("text", ["port: {number: 80}\n", "scripts:\n", "", "scripts: {secrets: 5}\n"])
def test_what_is_left_unread_may_be_missing_and_hides_nothing_else(text: str) -> None:
    found = merge(Whole, file="c.yaml", text=text.encode(), environment={}, flags={}, unread="scripts.secrets")
    assert found.wrong == ()
    wrong = merge(Whole, file="c.yaml", text=b"port: x\n", environment={}, flags={}, unread="scripts.secrets").wrong
    assert [each.fault.path for each in wrong] == ["port"]
