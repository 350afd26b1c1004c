"""One HTTP door on loopback: ask, and get a status and a text.

What never happens here: a proxy that the environment names, a log line for each request, or an answer that
is waited for without end.
"""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from backroom.demo.child import Child
from backroom.demo.patience import DemoFailed

ANSWER_SECONDS: Final = 20.0


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

    def __init__(self, child: Child, address: str, headers: Mapping[str, str] | None = None) -> None:
        self.address = address
        self._child = child
        self._headers = {"Content-Type": "application/json", **(headers or {})}

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Any answer at all. Raises DemoFailed where none came, and says so if its process has died."""
        connection = http.client.HTTPConnection(self.address.removeprefix("http://"), timeout=ANSWER_SECONDS)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, self._headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read().decode())
        except (OSError, http.client.HTTPException) as error:
            self._child.check()
            raise DemoFailed(f"{self._child.name} did not answer {path}: {error!r}") from error
        finally:
            connection.close()

    def expect(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """An answer of success. Raises DemoFailed for any other."""
        answer = self.ask(method, path, body)
        if not 200 <= answer.status < 300:
            raise DemoFailed(f"{self._child.name} answered {path} with {answer.status}: {answer.text[:300]}")
        return answer
