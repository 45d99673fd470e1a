"""What a password and a username must be: the rules one by one, then what no rule may ever do."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import openpact
from openpact.domain import password as rules
from openpact.domain.errors import Invalid, PasswordInvalid
from openpact.domain.identity import KINDS

LIST = Path(openpact.__file__).parent / "services" / "breached.txt"
LINES = LIST.read_text(encoding="ascii").splitlines()
LISTED = [line for line in LINES if not line.startswith("#")]
BREACHED = frozenset(LISTED)

LENGTH = "must have at least 16 characters"
TOO_LONG = "must have at most 1,024 characters"
INVISIBLE = "must not hold control characters"
KNOWN = "must not be a well-known password"
NAME = "must not contain the username"
BLOCK = "must not be a short block"
WALK = "must not be little more than a sequence"
EVERY_RULE = (LENGTH, TOO_LONG, INVISIBLE, KNOWN, NAME, BLOCK, WALK)


def broken(password: str, *, username: str = "adrian.meier", breached: frozenset[str] = BREACHED) -> set[str]:
    try:
        rules.check(password, username=username, breached=breached)
    except PasswordInvalid as refused:
        return named(refused)
    return set()


def named(refused: PasswordInvalid) -> set[str]:
    """Return the rules that the refusal names, which must be the same in the sentence and in the fields."""
    found = [rule for field in refused.fields for rule in EVERY_RULE if rule in str(field["message"])]
    assert len(found) == len(refused.fields) > 0
    assert found == [rule for rule in EVERY_RULE if rule in refused.message]
    assert {field["path"] for field in refused.fields} == {"password"}
    assert refused.message.count(".") == 1
    assert refused.hint is not None
    return set(found)


@pytest.mark.parametrize(
    "password",
    [
        "tower violin pebble mango",
        "Xk9#mQ2vLp7!",
        "correcthorse7!Z",
        "zufällige wörter im satz",
        "7391 5520 8846 1937",  # no letters at all, and long
        "Пароль-на-каждый",
        "我的密码很长也很安全还有十六个字",
        "Ünïçödé-wört",
        "first, thirsty nomads defend",  # `rst`, `def` are walks, and innocent
        "love letters to nobody",  # begins with a listed word
        "Kq7-admin-Kq7x!",  # holds a listed word
        "aaaaaaaaaaaaaaaa Xk9#mQ2vLp7!",  # padding takes nothing away
        "x" + "Xk9#mQ2vLp7!" * 2,  # a block that would do alone
        "Xk9#mQ2vLp7!" * 2,
    ],
)
def test_a_good_password_is_taken(password: str) -> None:
    assert broken(password) == set()


@pytest.mark.parametrize(
    ("password", "enough"),
    [
        ("Xk9mQ2vLp7!", False),  # 11
        ("Xk9mQ2vLp7!t", True),  # 12, four classes
        ("xk9mq2vlp7!t", True),  # lower, digit, other
        ("XK9MQ2VLP7!T", True),  # upper, digit, other
        ("XkamQbvLpc!t", True),  # lower, upper, other
        ("Xk9mQ2vLp7wt", True),  # lower, upper, digit
        ("xk9mq2vlp7wt", False),  # two classes
        ("xk9mq2vlp7wtjdz", False),  # 15
        ("xk9mq2vlp7wtjdzh", True),  # 16
        ("ħǆĸʒ2ħʒ4ǳǆĸ٣", False),  # NFKC: ǆ is d and z, ٣ a digit; no more than lower and digit
        ("ħÐĸʒ2ħʒ4ŁĸŋŊ", True),
        ("ᾼkamQbvkpħᾼt", False),  # a title-case letter is an upper one, and no third class
        ("的密码很长也很安全还有十", False),  # letters without case are others: one class
        ("的密码很长也很安全Aa", False),
        ("的密码很长也很安全还有Aa", True),
    ],
)
def test_16_characters_are_enough_or_12_of_three_classes(password: str, *, enough: bool) -> None:
    assert broken(password, breached=frozenset()) == (set() if enough else {LENGTH})


def test_characters_are_counted_in_the_form_that_is_hashed() -> None:
    assert broken("Xk9mQ2vLp7\N{LATIN SMALL LIGATURE FFI}") == set()  # 11 as typed, 13 as hashed
    assert broken("xk9mq2vlpwtjde\N{COMBINING ACUTE ACCENT}t") == {LENGTH}  # 16 as typed, 15 as hashed


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("Zürich", "Zu\N{COMBINING DIAERESIS}rich"),  # two systems' ü
        ("a b", "a\N{NO-BREAK SPACE}b"),  # Alt and space
        ("abc123", "\uff41\uff42\uff43\uff11\uff12\uff13"),  # a full-width keyboard
        ("Å", "\N{ANGSTROM SIGN}"),
    ],
)
def test_the_same_person_on_another_keyboard_has_the_same_password(here: str, there: str) -> None:
    assert rules.normalise(here) == rules.normalise(there)


@pytest.mark.parametrize(("password", "allowed"), [("Xk9#" * 256, True), ("Xk9#" * 256 + "x", False)])
def test_1024_characters_are_the_most(password: str, *, allowed: bool) -> None:
    assert (TOO_LONG in broken(password)) is not allowed


@pytest.mark.parametrize(
    "password",
    [
        "x" * 1025,
        pytest.param("x" * 50_000_000, id="50 million"),
        "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 1024,
    ],
)
def test_a_password_too_long_to_hash_is_refused_for_that_alone(password: str) -> None:
    assert broken(password) == {TOO_LONG}
    with pytest.raises(PasswordInvalid, match=r"at most 1,024 characters\.$"):
        rules.normalise(password)


@pytest.mark.parametrize(
    "character",
    [
        "\0",
        "\n",
        "\t",
        "\x1b",
        "\x7f",
        "\x85",
        "\ud800",
        "\N{ZERO WIDTH SPACE}",
        "\N{RIGHT-TO-LEFT OVERRIDE}",
        "\ufeff",
        "\N{LINE SEPARATOR}",
        "\N{PARAGRAPH SEPARATOR}",
        "\ue000",  # private
        "\U000e0fff",  # unassigned
    ],
)
def test_a_character_that_nobody_sees_is_refused(character: str) -> None:
    assert broken(f"tower violin{character} pebble mango") == {INVISIBLE}


def test_half_a_character_is_never_handed_to_the_hash() -> None:
    with pytest.raises(PasswordInvalid, match="control characters"):
        rules.normalise("tower violin \udc80 pebble mango")


@pytest.mark.parametrize(
    ("password", "listed"),
    [
        ("correcthorsebatterystaple", True),
        ("CorrectHorseBatteryStaple", True),
        ("Correct Horse Battery Staple", True),
        ("c0rr3ct-h0r53-b4773ry-5t4p1e", True),
        ("Correct Horse Battery Staple 2024!", True),
        ("** correct horse battery staple **", True),
        ("Password1234", True),
        ("P@ssw0rd-2026-!?", True),
        ("!!!Pa$$word!!!", True),
        ("$unshine-2024!!", True),  # a sign at the front that is a letter
        ("2024-Sunsh1n3!", True),  # and a digit at the end
        ("Sunsh1n3", True),
        ("**$un5h1n3$$", True),
        ("**5un5h1n3!!", True),
        ("W3lc0me-830912", True),
        ("Mypa55-830192", True),
        ("Princ3$$-830192", True),
        ("Love-83019264!", True),
        ("159753159753", True),  # no letter in it: only as it stands
        ("159753159758", False),
        ("123412341239abc", False),  # three letters are not a word
        ("password and three others", False),
        ("sunflower-20241", False),
    ],
)
def test_a_listed_password_is_refused_however_it_is_dressed(password: str, *, listed: bool) -> None:
    breached = frozenset({"correcthorsebatterystaple", "password1234", "sunshine1234", "welcome12345"})
    breached |= {"159753159753", "abc123456789"}
    breached |= {"mypass123456", "princess1234", "love12345678"}
    assert (KNOWN in broken(password, breached=breached)) is listed


def test_every_line_of_the_bundled_list_is_refused() -> None:
    assert [line for line in LISTED if not _known(line)] == []


def _known(password: str) -> bool:
    # Against the one entry: against all of them, 3,000 entries would be 9 million comparisons.
    return KNOWN in broken(password.title(), breached=frozenset({password}))


def test_the_bundled_list_is_sorted_casefolded_and_holds_only_what_the_length_rule_lets_through() -> None:
    assert 500 <= len(LISTED) <= 3000
    assert sorted(BREACHED) == LISTED
    assert LINES[0].startswith("#")
    for line in LISTED:
        assert len(line) >= rules.SHORTEST
        assert line == unicodedata.normalize("NFKC", line).casefold().strip()
        assert line.isprintable()


@pytest.mark.parametrize(
    ("username", "password", "held"),
    [
        ("meier", "tower MEIER pebble mango", True),
        ("meier", "tower meie pebble mango", False),
        ("adrian.meier", "adrian.meier and three", True),
        ("adrian.meier", "AdrianMeier2026!", True),
        ("adrian.meier", "adrian and three more", False),
        ("adrian.meier", "reiem.nairda", True),
        ("adrian.meier", "Reiem-Nairda-2026", True),
        ("christopher1x2", "2x1rehpotsirhc", True),
        ("1234-9876-55", "55-6789-4321", True),
        ("ned", "a garden of 9 dens", False),  # its reverse may be inside
        ("ned", "I turned 9 of them in", True),
        ("al", "also 9 tall pebbles", False),  # two letters are everywhere
        ("a.b", "cabin and nine pebbles", False),
        ("a.b", "nine pebbles of a.b", True),
        ("", "tower violin pebble mango", False),
    ],
)
def test_a_password_that_holds_the_username_is_refused(username: str, password: str, *, held: bool) -> None:
    assert (NAME in broken(password, username=username, breached=frozenset())) is held


@pytest.mark.parametrize(
    ("password", "refused"),
    [
        ("a" * 16, True),
        ("abcabcabcabc", True),
        ("Xk9!Xk9!Xk9!", True),
        ("Xk9!Xk9!Xk9!Xk", True),  # the last one cut off
        ("passwordpassword", True),
        ("Xk9#mQ2vLp7Xk9#mQ2vLp7", True),  # 11 twice
        ("Xk9#mQ2vLp7!Xk9#mQ2vLp7!", False),  # 12 would do alone
        ("Xk9#mQ2vLp7X", False),  # one letter again is no block
        ("AaBbAaBbaabbbABA", True),  # two letters
        ("121211211121A!", True),  # four characters
        ("121211211121A!-", False),
        ("xyyx", False),  # too short is all that is wrong with it
    ],
)
def test_a_repetition_is_refused(password: str, *, refused: bool) -> None:
    assert (BLOCK in broken(password, breached=frozenset())) is refused


@pytest.mark.parametrize(
    "password",
    [
        "abcdefghijklmnop",
        "ponmlkjihgfedcba",
        "uvwxyzabcdefghij",
        "1234567890123456",
        "9876543210987654",
        "Qwertyuiopas1",
        "qwertzuiopasdfghj",
        "AZERTYuiopqsdf9",
        "йцукенгшщзхъФЫ1",  # noqa: RUF001 - a keyboard
        "абвгдежзийклмноп",
        "1qaz2wsx3edc4rfv",
        "!QAZ2wsx#EDC4rfv",
        "1Q2w3e4r5t6y",
        "147258369147258369",
        "Abc123456789!",
        "aaaaBBBB1111!",
        "Aaaaaaaaaaaa1!",
        "qwerty",
        "abcd9876EFGH!K",  # five pieces
        "abc456DEF!qwe",
    ],
)
def test_a_walk_is_refused(password: str) -> None:
    assert WALK in broken(password, breached=frozenset())


@pytest.mark.parametrize("password", ["abcd9876EFGH!K?", "abc456DEF!qwe#", "Xk9", "ab", "qwertyuiop-Xk9mQ"])
def test_a_walk_counts_as_one_character_and_the_others_still_count(password: str) -> None:
    assert WALK not in broken(password, breached=frozenset())


def test_every_broken_rule_is_named_at_once() -> None:
    with pytest.raises(PasswordInvalid) as caught:
        rules.check("qwerty\0", username="qwerty", breached=frozenset({"qwerty123456"}))
    assert caught.value.message == (
        "The password must have at least 16 characters, or 12 with three of lower case, upper case, digits and others; "
        "it must not hold control characters or invisible ones; "
        "it must not be a well-known password, nor one with digits or signs put to it; "
        "it must not contain the username or be its reverse; "
        "it must not be little more than a sequence or a walk over the keyboard."
    )
    assert len(caught.value.fields) == 5
    assert caught.value.fields[3] == {
        "path": "password",
        "message": "The password must not contain the username or be its reverse.",
    }


def test_no_password_at_all_is_only_too_short() -> None:
    assert broken("") == {LENGTH}


ANY_TEXT = st.text(st.characters(), max_size=60)  # with surrogates, controls, everything


@given(password=ANY_TEXT, username=ANY_TEXT, listed=st.frozensets(ANY_TEXT, max_size=5))
def test_whatever_is_asked_the_answer_is_yes_or_the_rules_that_are_broken(
    password: str, username: str, listed: frozenset[str]
) -> None:
    broken(password, username=username, breached=listed)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_normalising_is_done_once_and_for_all_spellings(password: str) -> None:
    normal = rules.normalise(password)
    normal.encode()
    assert rules.normalise(normal) == normal
    assert rules.normalise(unicodedata.normalize("NFD", password)) == normal


@given(st.text(st.sampled_from("bcdfghjkmnpqrstvwxzBCDFGHJKLMNPQRSTVWXZ23456789"), min_size=8, max_size=15))
def test_no_message_shows_the_password(password: str) -> None:
    assume(broken(password, breached=frozenset()))
    with pytest.raises(PasswordInvalid) as caught:
        rules.check(password, username="adrian", breached=frozenset())
    shown = repr((caught.value.args, caught.value.details, caught.value.hint)).casefold()
    assert password.casefold() not in shown


@pytest.mark.parametrize("name", ["a", "7", "adrian", "adrian.meier", "a-b_c.d", "a..", "x" * 64, "admin", "tokyo"])
def test_a_plain_name_is_taken_as_it_is(name: str) -> None:
    assert rules.check_username(name) == name


def test_a_name_in_capitals_is_the_same_name() -> None:
    assert rules.check_username("Adrian.MEIER") == "adrian.meier"


@pytest.mark.parametrize(
    "name",
    [
        "",
        " adrian",
        "adrian ",
        "adrian\n",
        "adrian\0",
        ".adrian",
        "-adrian",
        "_adrian",
        "x" * 65,
        pytest.param("x" * 10_000_000, id="10 million"),
        "adrian/meier",
        "adrian@example.com",
        "adrián",
        "\N{KELVIN SIGN}arl",  # lowers to `karl`
        "adr\N{LATIN SMALL LETTER DOTLESS I}an",
        "\N{CYRILLIC SMALL LETTER A}drian",
        "\uff41drian",
        "adrian\N{ZERO WIDTH SPACE}",
        "\udc80",
    ],
)
def test_what_is_not_a_name_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="holds a character") as caught:
        rules.check_username(name)
    assert caught.value.fields == [{"path": "username", "message": caught.value.message}]
    assert caught.value.hint is not None
    assert "1 to 64" in caught.value.hint


@pytest.mark.parametrize("name", [*sorted(rules.RESERVED), "System", "ROOT", *(f"{kind}_01" for kind in sorted(KINDS))])
def test_nobody_is_called_what_the_record_calls_something_else(name: str) -> None:
    with pytest.raises(Invalid, match="reserved") as caught:
        rules.check_username(name)
    assert caught.value.hint == "Take the person's own name."


@given(ANY_TEXT)
def test_a_name_is_either_canonical_or_refused(name: str) -> None:
    try:
        canonical = rules.check_username(name)
    except Invalid:
        return
    assert canonical == name.lower() == rules.check_username(canonical)
