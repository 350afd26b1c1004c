"""Bytes -> a msgspec struct, with reasons that people understand where they are none."""

from typing import TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

from backroom.vocabulary.errors import Terminal

S = TypeVar("S", bound=Struct)


class AnyObject(Struct):
    """For a reason that people understand: which keys a body has that lacks an id."""

    product: msgspec.Raw | UnsetType = UNSET


_ENVELOPE = msgspec.json.Decoder(AnyObject)


def read_json(raw: bytes, decoder: msgspec.json.Decoder[S]) -> S:
    """The decoded body. Raises Terminal with the reason."""
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise Terminal(_explained(raw, error)) from error
    except RecursionError as error:
        raise Terminal("the body is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise Terminal("the body is not UTF-8") from error
    except msgspec.DecodeError as error:
        raise Terminal(f"the body is not JSON: {error}" if raw else "the body is empty") from error


def _explained(raw: bytes, error: msgspec.ValidationError) -> str:
    message = str(error)
    if "missing required field `id`" in message and "at `$" not in message:
        envelope = _ENVELOPE.decode(raw)
        if envelope.product is not UNSET:
            return "the body has no id: the product is wrapped in a `product` key, as in a REST answer"
        return "the body has no id"
    return f"the body is not what it should be: {message}"
