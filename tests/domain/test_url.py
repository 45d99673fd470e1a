"""The URLs of the configuration, and that no password of theirs is ever shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpact.domain.errors import Invalid
from openpact.domain.url import check_proxy, check_site, check_store, masked_proxy, masked_store


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////var/lib/openpact/openpact.db",
        "sqlite:///data/openpact.db",
        "postgresql://openpact@db.example.com/openpact",
        "postgresql://openpact:pa%40ss%2Fword@db:5432/openpact?sslmode=require",
        "postgresql://[::1]:5432/openpact",
        "postgresql:///openpact",
    ],
)
def test_a_store_that_there_can_be_is_accepted(url: str) -> None:
    check_store(url)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("openpact.db", "not the URL of a store"),
        ("sqlite:/data/x.db", "not the URL of a store"),
        ("mysql://h/db", "a kind of store that is not known here"),
        ("postgres://h/db", "a kind of store that is not known here"),
        ("postgresql+psycopg://h/db", "a kind of store that is not known here"),
        ("SQLITE:///data/x.db", "a kind of store that is not known here"),
        ("sqlite://", "the URL of a database file that names no file"),
        ("sqlite:///", "the URL of a database file that names no file"),
        ("sqlite:////", "the URL of a database file that names no file"),
        ("sqlite://relative.db", "the URL of a database file that names no file"),
        ("sqlite:///:memory:?cache=shared", "a database file takes no options and no escapes"),
        ("sqlite:////data/%2e%2e/x.db", "a database file takes no options and no escapes"),
        ("sqlite:////data/../etc/x.db", 'the database contains ".."'),
        ("sqlite:////etc/x.db", "the database is in a system folder"),
        ("sqlite:///etc/x.db", "the database is in a system folder"),
        ("postgresql://h", "no database is named"),
        ("postgresql://h/", "no database is named"),
        ("postgresql://h:port/db", "a URL that cannot be split into host and port"),
        ("postgresql://h:99999/db", "a URL that cannot be split into host and port"),
        ("postgresql://[::1/db", "a URL that cannot be split into host and port"),
        ("postgresql://h:0/db", "a URL whose parts are not clear"),
        ("postgresql://u:p@ss@h/db", "a URL whose parts are not clear"),
        ("postgresql://u:1/p@h/db", "a URL whose parts are not clear"),
        ("postgresql://u:1?p@h/db", "a URL whose parts are not clear"),
        ("postgresql://u:1#p@h/db", "a URL whose parts are not clear"),
        ("postgresql://u@h/db#part", "a URL whose parts are not clear"),
    ],
)
def test_a_store_that_there_cannot_be_is_refused_with_a_hint(url: str, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_store(url)
    assert refused.value.message == message
    assert refused.value.hint


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://user:secret@host/db", "postgresql://user:***@host/db"),
        ("postgresql://user:secret@host:5432/db?sslmode=require", "postgresql://user:***@host:5432/db?sslmode=require"),
        ("postgresql://user@host/db", "postgresql://user@host/db"),
        ("postgresql://:secret@host/db", "postgresql://:***@host/db"),
        ("postgresql://user:@host/db", "postgresql://user:***@host/db"),
        ("postgresql:///db?password=secret&user=u", "postgresql:///db?***&user=u"),
        ("postgresql:///db?user=u&SSLpassword=secret", "postgresql:///db?user=u&***"),
        ("postgresql:///db?passfile=secret", "postgresql:///db?***"),
        ("postgresql:///db?p%61ssword=secret&", "postgresql:///db?***"),
        ("postgresql:///db?secret", "postgresql:///db?***"),
        ("sqlite:////data/x.db", "sqlite:////data/x.db"),
        ("postgresql://u:p@secret@h/db", "***"),
        ("mysql://u:secret@h/db", "***"),
    ],
)
def test_a_password_is_never_shown(url: str, shown: str) -> None:
    assert masked_store(url) == shown


ODD = st.text(alphabet="@:/?#%&=[]. ab", max_size=10)


@given(ODD, ODD)
def test_no_odd_password_slips_through_the_mask(before: str, after: str) -> None:
    assert "SECRET" not in masked_store(f"postgresql://user:{before}SECRET{after}@host/db")
    assert "SECRET" not in masked_store(f"postgresql:///db?password={before}SECRET{after}")


@pytest.mark.parametrize(
    "url",
    ["https://openpact.example.com", "https://openpact.example.com/", "http://localhost:8080", "https://[::1]:8443"],
)
def test_the_url_of_a_site_is_accepted(url: str) -> None:
    check_site(url)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("openpact.example.com", "not the URL of a web server"),
        ("ftp://host", "not the URL of a web server"),
        ("javascript:alert(1)", "not the URL of a web server"),
        ("https://", "not the URL of a web server"),
        ("https://:8080", "not the URL of a web server"),
        ("https://host:0", "not the URL of a web server"),
        ("https://host:99999", "not a URL"),
        ("https://[::1", "not a URL"),
        ("https://user:secret@host", "a URL with more than scheme, host and port"),
        ("https://host/path", "a URL with more than scheme, host and port"),
        ("https://host/?", "a URL with more than scheme, host and port"),
        ("https://host#x", "a URL with more than scheme, host and port"),
    ],
)
def test_what_is_not_the_url_of_a_site_is_refused_without_being_repeated(url: str, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_site(url)
    assert refused.value.message == message
    assert "secret" not in f"{refused.value.message} {refused.value.hint}"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://proxy.example.com:3128", "http://proxy.example.com:3128"),
        ("http://proxy.example.com:3128/", "http://proxy.example.com:3128/"),
        ("http://robot:pa%40ss@proxy.example.com:3128", "http://***@proxy.example.com:3128"),
        ("http://robot@[::1]:3128", "http://***@[::1]:3128"),
    ],
)
def test_a_proxy_is_shown_without_what_signs_in_to_it(url: str, shown: str) -> None:
    check_proxy(url)
    assert masked_proxy(url) == shown


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("https://proxy.example.com:3128", "not the http:// URL of a proxy"),
        ("proxy.example.com:3128", "not the http:// URL of a proxy"),
        ("http://", "not the http:// URL of a proxy"),
        ("http://proxy:0", "not the http:// URL of a proxy"),
        ("http://proxy:99999", "a URL that cannot be split into host and port"),
        ("http://robot:a@b@proxy", "a URL whose parts are not clear"),
        ("http://robot:1/b@proxy", "a URL whose parts are not clear"),
        ("http://robot:a/b@proxy", "a URL that cannot be split into host and port"),
        ("http://proxy/path", "a URL with more than scheme, host and port"),
        ("http://proxy?x", "a URL with more than scheme, host and port"),
        ("http://proxy#x", "a URL with more than scheme, host and port"),
    ],
)
def test_what_is_no_proxy_is_refused_and_masked_whole(url: str, message: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_proxy(url)
    assert refusal.value.message == message
    assert masked_proxy(url) == "***"
