"""Bytes -> a msgspec struct, with reasons that people understand where they are none."""

import re
from typing import TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

from backroom.vocabulary.errors import Terminal

S = TypeVar("S", bound=Struct)


class AnyObject(Struct):
    """For a reason that people understand: which keys a body has that lacks an id."""

    product: msgspec.Raw | UnsetType = UNSET


_HALF_A_PAIR = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F]"
)
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
        raise Terminal(_unreadable(raw, error)) from error


def _explained(raw: bytes, error: msgspec.ValidationError) -> str:
    message = str(error)
    if "missing required field `id`" in message and "at `$" not in message:
        try:
            envelope = _ENVELOPE.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as deeper:
            return f"the body is not JSON: {deeper}"
        if envelope.product is not UNSET:
            return "the body has no id: the product is wrapped in a `product` key, as in a REST answer"
        return "the body has no id"
    return f"the body is not what it should be: {message}"


def _unreadable(raw: bytes, error: msgspec.DecodeError) -> str:
    if not raw:
        return "the body is empty"
    if _HALF_A_PAIR.search(raw):
        return "the body contains half of a surrogate pair, which is no character"
    return f"the body is not JSON: {error}"
