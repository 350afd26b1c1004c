"""One HTTP door on loopback: ask, and get a status and a text.

What never happens here: a proxy that the environment names, a log line for each request, or an answer that
is waited for without end.
"""

import http.client
import json
import select
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from backroom.demo.child import Child
from backroom.demo.patience import LOOK_SECONDS, DemoFailed, Patience

ANSWER_SECONDS: Final = 20.0
"""Until an answer begins."""
PAUSE_SECONDS: Final = 5.0
"""Within an answer; and until there is a connection."""
UNAVAILABLE: Final = 503
UNAVAILABLE_SECONDS: Final = 10.0
DEATH_SECONDS: Final = 1.0
"""From a connection that breaks to an exit code, where a process was killed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Door:
    """The door of a child that listens at `address` (`http://HOST:PORT`)."""

    def __init__(
        self, child: Child, address: str, patience: Patience, headers: Mapping[str, str] | None = None
    ) -> None:
        self.address = address
        self._child = child
        self._patience = patience
        self._headers = {"Content-Type": "application/json", **(headers or {})}

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Any answer at all. Raises DemoFailed where none came, and says so if its process has died.

        Raises Stopped where somebody asks for the end meanwhile.
        """
        connection = http.client.HTTPConnection(self.address.removeprefix("http://"), timeout=PAUSE_SECONDS)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, self._headers)
            self._await(connection.sock)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read().decode())
        except (OSError, http.client.HTTPException) as error:
            self._patience.stop_if_asked()
            if not isinstance(error, TimeoutError) and self._child.is_ended_within(DEATH_SECONDS):
                self._child.check()
            raise DemoFailed(
                f"{self._child.name} did not answer {path} ({error!r}){self._child.last_words()}"
            ) from error
        finally:
            connection.close()

    def _await(self, connection: socket.socket) -> None:
        """Until an answer begins, looking about meanwhile. Raises TimeoutError."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while not select.select([connection], [], [], LOOK_SECONDS)[0]:
            self._patience.look()
            if time.monotonic() > deadline:
                raise TimeoutError(f"nothing within {ANSWER_SECONDS:g} seconds")

    def expect(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """An answer of success. Raises DemoFailed for any other.

        Unavailable (503) is asked again for a while: a database may have closed its connections.
        """
        deadline = time.monotonic() + UNAVAILABLE_SECONDS
        while (answer := self.ask(method, path, body)).status == UNAVAILABLE and time.monotonic() < deadline:
            self._patience.rest(LOOK_SECONDS)
        if not 200 <= answer.status < 300:
            raise DemoFailed(f"{self._child.name} answered {path} with {answer.status}: {answer.text[:300]}")
        return answer
