"""The published description of the socket is the code's own."""

from pathlib import Path

from service.asyncapi import RECEIVED, SENT, description, document
from service.protocol import KINDS

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "asyncapi.yaml"


def test_the_document_is_made_from_the_messages() -> None:
    """`python -m service asyncapi > docs/asyncapi.yaml` would change nothing."""
    assert DOCUMENT.read_text(encoding="utf-8") == document()


def test_every_reference_of_the_document_leads_somewhere() -> None:
    """A reader that follows a $ref finds a message or a schema."""
    whole = description()

    def check(value: object) -> None:
        if isinstance(value, list):
            for item in value:
                check(item)
        if isinstance(value, dict):
            for key, item in value.items():
                if key == "$ref":
                    place: object = whole
                    for part in item.removeprefix("#/").split("/"):
                        assert isinstance(place, dict)
                        place = place[part]
                check(item)

    check(whole)


def test_every_message_that_a_client_may_send_is_described() -> None:
    """The types that the decoder takes are those that the document lists, each by its tag."""
    tags = [message.__struct_config__.tag for message in RECEIVED]
    assert tuple(tags) == KINDS
    assert set(description()["channels"]["stream"]["messages"]) == {
        message.__name__.lower() for message in (*RECEIVED, *SENT)
    }
