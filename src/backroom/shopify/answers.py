"""What an answer of the Admin GraphQL API says: data, cost, objections. Bytes in, typed values out.

Data beside errors is never taken for whole: the errors decide, and the data is not handed on.
Source: shopify.dev/docs/api/usage/response-codes and .../limits (2026-10).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec

from backroom.shopify.halves import with_whole_characters
from backroom.vocabulary.errors import (
    QueryRefused,
    Refused,
    ScopeMissing,
    ShopFrozen,
    ShopInactive,
    ShopLocked,
    ShopNotFound,
    TokenRefused,
)

LONGEST_QUOTE = 300
_ONE_SCOPE: Final = re.compile(r"`(\w+)` access scope\.?", re.ASCII)
T = TypeVar("T")


class Unintelligible(ValueError):
    """This is no answer of the Admin API: a proxy's page, or a body that was cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """In points. `actual` is None where nothing was executed; `restore_rate` is points a second."""

    requested: float | None
    actual: float | None
    maximum: float | None
    available: float | None
    restore_rate: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`data` is the JSON of the answer's data; `version` the API version that answered, where it is said."""

    data: msgspec.Raw
    cost: Cost | None
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """One GraphQL error. `code` is the one to go by; texts change."""

    code: str
    message: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A decoded answer: data or objections."""

    data: msgspec.Raw | None
    cost: Cost | None
    objections: tuple[Objection, ...]

    def objects(self, code: str) -> Objection | None:
        """The first objection of that code."""
        return next((each for each in self.objections if each.code == code), None)


class _Status(msgspec.Struct, rename="camel"):
    maximum_available: float | None = None
    currently_available: float | None = None
    restore_rate: float | None = None


class _Cost(msgspec.Struct, rename="camel"):
    requested_query_cost: float | None = None
    actual_query_cost: float | None = None
    throttle_status: _Status | None = None


class _Extensions(msgspec.Struct):
    cost: _Cost | None = None


class _Error(msgspec.Struct):
    message: str = ""
    extensions: dict[str, Any] | None = None


class _Envelope(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw(b"null")
    errors: list[_Error] | str | None = None
    extensions: _Extensions | None = None


_ENVELOPE = msgspec.json.Decoder(_Envelope)


def read_answer(body: bytes) -> Read:
    """The body of an answer with status 200. Raises Unintelligible."""
    try:
        envelope = _decoded(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unintelligible("the answer is not what a GraphQL API says") from error
    data = bytes(envelope.data)
    if not envelope.errors and data == b"null":
        raise Unintelligible("the answer holds neither data nor errors")
    return Read(
        data=None if data == b"null" else msgspec.Raw(data),
        cost=_cost(envelope.extensions),
        objections=tuple(_objections(envelope.errors)),
    )


class PageInfo(msgspec.Struct, rename="camel"):
    """Of a connection: whether more follows, and behind which cursor."""

    has_next_page: bool
    end_cursor: str | None = None


def decoded(raw: msgspec.Raw, kind: type[T]) -> T:
    """Data as the type that it should have; Shopify's 64-bit counts come as text. Raises QueryRefused."""
    try:
        # Not strict: "12" is a number where a number is wanted.
        return msgspec.json.decode(raw, type=kind, strict=False)
    except msgspec.MsgspecError as error:
        raise QueryRefused(f"Shopify's answer has another shape than its schema: {error}") from error


def refusal_by_status(status: int, domain: str) -> Refused | None:
    """What a status means for the shop's people, or None where asking again may help."""
    match status:
        case 401:
            return token_refused(domain, granted=False)
        case 402:
            return ShopFrozen(f"{domain} is frozen (402); its owner has to settle its bill with Shopify")
        case 403:
            return ScopeMissing(
                f"{domain} denies the app access (403); grant the app the scopes that"
                f" `backroom shop test {domain}` lists"
            )
        case 404:
            return ShopNotFound(
                f"no shop answers at {domain} (404); check the domain, its api_url and BACKROOM_API_VERSION"
            )
        case 423:
            return ShopLocked(f"{domain} is locked by Shopify (423); its owner has to ask Shopify's support")
        case status if 300 <= status < 500 and status not in (408, 425, 429, 430):
            return QueryRefused(f"{domain} answers {status}; check its domain and its api_url")
    return None


def token_refused(domain: str, *, granted: bool) -> TokenRefused:
    """401. Who gave the app's secret never saw a token: they can mend the client id and the secret."""
    if granted:
        return TokenRefused(
            f"{domain} does not accept the token that it granted (401); see whether the app is still"
            f" installed, then give its client id and secret anew with"
            f" `backroom shop add {domain} --client-id ID`"
        )
    return TokenRefused(
        f"{domain} does not accept the access token (401); give it a valid one with"
        f" `backroom shop add {domain}`"
    )


def refusal(objections: Sequence[Objection], domain: str) -> Refused:
    """The error that objections mean, none of which can be helped by asking again."""
    codes = {objection.code: objection for objection in reversed(objections)}
    if "SHOP_INACTIVE" in codes:
        return ShopInactive(f"{domain} is closed; its owner has to open it again in Shopify's admin")
    if "ACCESS_DENIED" in codes:
        needed = _quoted(str(codes["ACCESS_DENIED"].details.get("requiredAccess") or ""))
        if one := _ONE_SCOPE.fullmatch(needed):
            wants = f"the scope {one[1]}"
        else:
            wants = f"what is required ({needed or _quoted(codes['ACCESS_DENIED'].message)})"
        return ScopeMissing(f"{domain} denies the app access: grant {wants} to the app, then try again")
    said = "; ".join(_quoted(objection.message) for objection in objections[:3])
    return QueryRefused(f"{domain} refuses a query, which is a fault of Backroom: {said}")


def _decoded(body: bytes) -> _Envelope:
    try:
        return _ENVELOPE.decode(body)
    except msgspec.DecodeError:
        # Only now: nearly all answers are whole, and large.
        return _ENVELOPE.decode(with_whole_characters(body))


def _objections(errors: list[_Error] | str | None) -> list[Objection]:
    if isinstance(errors, str):
        return [Objection(code="", message=errors, details={})]
    return [
        Objection(
            code=str((error.extensions or {}).get("code") or ""),
            message=error.message,
            details=error.extensions or {},
        )
        for error in errors or []
    ]


def _cost(extensions: _Extensions | None) -> Cost | None:
    if extensions is None or extensions.cost is None:
        return None
    cost, status = extensions.cost, extensions.cost.throttle_status or _Status()
    return Cost(
        requested=cost.requested_query_cost,
        actual=cost.actual_query_cost,
        maximum=status.maximum_available,
        available=status.currently_available,
        restore_rate=status.restore_rate,
    )


def _quoted(text: str) -> str:
    """Foreign text within a sentence of ours: one line, and not too long."""
    return " ".join(text.split())[:LONGEST_QUOTE]
