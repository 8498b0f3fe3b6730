"""Settings: what is refused, and that the operator's page says what there is."""

import re
from pathlib import Path

import pytest

from service.settings import DEFAULT_MODEL, Settings, load_settings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operating.md"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"POSEWIRE_{name.upper()}", raising=False)


def documented() -> dict[str, str]:
    """Variable → default, as the page has them."""
    return dict(re.findall(r"^\| `(POSEWIRE_\w+)` \| `?([^|`]+?)`? \|", PAGE.read_text(), re.M))


def as_written(default: object) -> str:
    """How the page writes a default."""
    if default in (None, ()):
        return "none"
    if default == DEFAULT_MODEL:
        return "the shipped artifact"
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)


def test_the_page_has_every_setting_with_its_default() -> None:
    """Each setting is in the table once, in the order of the code, and nothing else is."""
    expected = {
        f"POSEWIRE_{name.upper()}": as_written(field.default)
        for name, field in Settings.model_fields.items()
    }
    assert documented() == expected
    assert list(documented()) == list(expected)


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("POSEWIRE_IDEL_S", "3", "the environment has POSEWIRE_IDEL_S, which is no setting; "
         "POSEWIRE_IDLE_S is one"),
        ("POSEWIRE_XYZZY", "", "the environment has POSEWIRE_XYZZY, which is no setting"),
        ("POSEWIRE_TLS_KEY", "key.pem", "POSEWIRE_TLS_CERTIFICATE and POSEWIRE_TLS_KEY are given "
         "both or neither, got only one"),
        ("POSEWIRE_ORIGINS", "https://a.example, b.example", "the setting POSEWIRE_ORIGINS is "
         "wrong: an origin is scheme://host or scheme://host:port, got "),
        ("POSEWIRE_ORIGINS", "https://a.example/page", "the setting POSEWIRE_ORIGINS is wrong"),
        ("POSEWIRE_LOG_FORMAT", "xml", "the setting POSEWIRE_LOG_FORMAT is wrong: Input should be "
         "'text' or 'json', got 'xml'"),
        ("POSEWIRE_SESSIONS", "0", "the setting POSEWIRE_SESSIONS is wrong: Input should be "
         "greater than or equal to 1, got '0'"),
        ("POSEWIRE_MODELS", "/nowhere", "the setting POSEWIRE_MODELS is wrong: Path does not point "
         "to a directory, got '/nowhere'"),
        ("POSEWIRE_PING_S", "inf", "the setting POSEWIRE_PING_S is wrong: Input should be a finite "
         "number, got 'inf'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence(
    variable: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the variable, what was expected and what came; a misspelt one is not ignored."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}") as caught:
        load_settings()
    assert "\n" not in str(caught.value)


def test_what_others_read_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables of the client and of docker-compose.yml are none of the service's."""
    for variable in ("POSEWIRE_TOKEN", "POSEWIRE_IMAGE"):
        monkeypatch.setenv(variable, "anything")
    assert load_settings(port=1).port == 1


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_an_empty_variable_is_as_if_it_were_not_there(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As files of variables leave them: an empty path is not the current directory."""
    monkeypatch.setenv(f"POSEWIRE_{name.upper()}", "")
    assert load_settings() == Settings()


def test_origins_are_given_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spaces, a slash at the end and capitals make no difference."""
    monkeypatch.setenv("POSEWIRE_ORIGINS", " https://A.example/ , http://b.example:8080,")
    assert load_settings().origins == ("https://a.example", "http://b.example:8080")
