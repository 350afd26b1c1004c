"""One HTTP exchange with a shop's Admin GraphQL API: bytes and a token in, bytes out, or what went wrong.

What never happens here: a redirect that is followed (the token would travel along), a second try, or an
error that quotes a header.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ssl import SSLCertVerificationError, SSLError
from typing import Final

import httpx

from backroom import __version__
from backroom.shopify.answers import refusal_by_status
from backroom.shopify.patience import Timing
from backroom.vocabulary.errors import Unreachable

USER_AGENT: Final = f"Backroom/{__version__}"
TIMEOUT: Final = httpx.Timeout(connect=5.0, read=30.0, write=30.0, pool=30.0)
LONGEST_ANSWER_SECONDS: Final = 120.0
"""For the whole answer: a body that trickles never runs into the limit for a single read."""
LONGEST_NAMED_PAUSE_SECONDS: Final = 60.0
_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_NOT_TAKEN: Final = (429, 430)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """Which shop, where it answers (`https://<domain>`, or its api_url), and in which version."""

    domain: str
    base_url: str
    api_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A body that came with status 200, and the API version that made it, where that was said."""

    body: bytes
    version: str | None


class Failed(Exception):
    """A try that failed in a way that the next may not. `sent`: whether Shopify may have acted on it."""

    def __init__(self, reason: str, *, sent: bool, pause_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.sent = sent
        self.pause_seconds = pause_seconds


class Poster:
    """Posts to one shop. Threads share it."""

    def __init__(self, http: httpx.Client, shop: Shop, timing: Timing) -> None:
        self._http = http
        self._domain = shop.domain
        self._url = f"{shop.base_url}/admin/api/{shop.api_version}/graphql.json"
        self._monotonic = timing.monotonic

    def post(self, body: bytes, token: str) -> Posted:
        """One exchange. Raises Failed, or one of Refused by the answer's status."""
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "User-Agent": USER_AGENT,
            "X-Shopify-Access-Token": token,
        }
        try:
            with self._http.stream(
                "POST", self._url, content=body, headers=headers, timeout=TIMEOUT, follow_redirects=False
            ) as response:
                self._check_status(response)
                return Posted(
                    body=self._read(response), version=response.headers.get("x-shopify-api-version")
                )
        except httpx.HTTPError as error:
            raise Failed(what_happened(error), sent=not isinstance(error, _NEVER_SENT)) from error

    def _read(self, response: httpx.Response) -> bytes:
        deadline = self._monotonic() + LONGEST_ANSWER_SECONDS
        parts = []
        for part in response.iter_bytes():
            parts.append(part)
            if self._monotonic() > deadline:
                raise Failed(f"the answer took over {LONGEST_ANSWER_SECONDS:.0f} s", sent=True)
        return b"".join(parts)

    def _check_status(self, response: httpx.Response) -> None:
        status = response.status_code
        if status == 200:
            return
        refused = refusal_by_status(status, self._domain)
        if refused is not None:
            raise refused
        raise Failed(
            f"it answers {status}", sent=status not in _NOT_TAKEN, pause_seconds=retry_after(response.headers)
        )


def unreachable(domain: str, base_url: str, reason: str) -> Unreachable:
    """The sentence for people, in a run that waits as in a command. It names the address that was asked."""
    address = httpx.URL(base_url).netloc.decode()
    place = "" if address == domain else f" at {address}"
    return Unreachable(f"{domain} can not be reached{place}: {reason}; check the address and the network")


def what_happened(error: httpx.HTTPError) -> str:
    """A network error in plain words; a proxy's address and the like are not quoted."""
    match error:
        case httpx.ConnectTimeout():
            return "it did not take the connection in time"
        case httpx.PoolTimeout():
            return "all connections are in use"
        case httpx.TimeoutException():
            return "it did not answer in time"
        case httpx.ConnectError():
            return f"no connection ({_cause(error)})"
        case httpx.RemoteProtocolError() | httpx.ReadError() | httpx.WriteError():
            return "the connection broke"
    return type(error).__name__


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds. Shopify writes them with a fraction ("2.0"); what is unreadable is not there."""
    try:
        seconds = float(headers.get("retry-after", ""))
    except ValueError:
        return None
    return min(seconds, LONGEST_NAMED_PAUSE_SECONDS) if seconds >= 0 else None


def _cause(error: BaseException) -> str:
    """The operating system's own words, which httpx wraps twice; TLS's are for programmers."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, SSLCertVerificationError):
            return f"its certificate is not accepted: {found.verify_message}"
        if isinstance(found, SSLError):
            return f"TLS failed: {(found.reason or 'unknown').lower().replace('_', ' ')}"
        if isinstance(found, OSError) and found.strerror:
            return found.strerror.lower()
        found = found.__cause__ or found.__context__
    return "refused or unknown host"
