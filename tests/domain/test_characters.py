"""What does not show is found, what is only foreign is left in peace."""

import pytest

from openpact.domain.characters import hidden, misleading, pretends


@pytest.mark.promise("SCR-8.03")
@pytest.mark.parametrize(
    ("line", "escapes"),
    [
        ("plain", []),
        ("a\tb", []),
        ("a\x00b", ["\\u0000"]),
        ("a\x1b[2K", ["\\u001b"]),
        ("\u202exe", ["\\u202e"]),
        ("a\u2066b\u2069", ["\\u2066", "\\u2069"]),
        ("a\u200bb", ["\\u200b"]),
        ("a\u200db", ["\\u200d"]),
        ("\ufeffa", ["\\ufeff"]),
        ("a\u00adb", ["\\u00ad"]),
        ("a\u00a0b", ["\\u00a0"]),
        ("a\u2028b", ["\\u2028"]),
        ("a\u3164b", ["\\u3164"]),
        ("a\u115fb", ["\\u115f"]),
        ("a\u2800b", ["\\u2800"]),
        ("a\u034fb", ["\\u034f"]),
        ("a\ufe0fb", ["\\ufe0f"]),
        ("\ufe0fb", ["\\ufe0f"]),
        ("a\U000e0100b", ["\\U000e0100"]),
        ("a\U000e0041b", ["\\U000e0041"]),
        ("a\ue000b", ["\\ue000"]),
        ("⚠️ 1️⃣", []),
        ("👩\u200d🚀 👩🏽\u200d🚀 ❤️\u200d🔥", []),
        ("👩\u200d", ["\\u200d"]),
        ("Grüße, 東京, مرحبا", []),
    ],
    ids=ascii,
)
def test_characters_that_do_not_show_are_found(line: str, escapes: list[str]) -> None:
    assert [each.escape for each in hidden(line)] == escapes


def test_what_is_hidden_is_told_with_its_column_and_its_name() -> None:
    found = list(hidden("ab\u202ec\x01"))
    assert [(each.column, each.name) for each in found] == [(3, "right-to-left override"), (5, "control character")]


@pytest.mark.promise("SCR-8.03")
@pytest.mark.parametrize(
    "word",
    ["p\u0430ypal", "\u0405tar", "g\u03bfogle", "\uff48ttp", "\U0001d41ahttp", "\u13aapi"],
    ids=ascii,
)
def test_letters_that_pass_for_others_are_found(word: str) -> None:
    assert pretends(word)
    assert list(misleading(f"x = {word}(1)")) == [(5, word)]


@pytest.mark.parametrize(
    "word", ["paypal", "größe", "привет", "Ελλάδα", "東京タワーtokyo", "مرحبا", "naïve", "ñandú_1"]
)
def test_words_of_one_script_are_left_in_peace(word: str) -> None:
    assert not pretends(word)
    assert list(misleading(f"'{word}'")) == []


def test_each_label_of_a_host_is_a_word_of_its_own() -> None:
    assert list(misleading("https://привет.example.com/")) == []
    assert list(misleading("https://\u0430pi.example.com/")) == [(9, "\u0430pi.example.com")]
