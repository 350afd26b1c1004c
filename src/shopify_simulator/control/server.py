"""Serves an ASGI app in a thread of its own. What never happens here: an address other than loopback, unless
it was plainly asked for; a handler for signals.
"""

import socket
import threading
from typing import Any, Self

import uvicorn

from shopify_simulator.control.door import is_loopback

STOPPING_SECONDS = 2
"""How long requests that are being answered may take when the server stops."""


class NotLoopback(ValueError):
    """Other machines could reach an API that asks for no password."""


class Server:
    """One address, until `stop`. Port 0: any free one. Raises NotLoopback, or OSError for a taken port."""

    def __init__(self, app: Any, *, host: str = "127.0.0.1", port: int = 0, any_host: bool = False) -> None:
        if not (any_host or is_loopback(host)):
            raise NotLoopback(f"{host} is no loopback address")
        self._socket = _listening(host, port)
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=STOPPING_SECONDS,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name="control", daemon=True
        )
        address: tuple[Any, ...] = self._socket.getsockname()
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{address[1]}"

    def start(self) -> None:
        """Connections are taken from before this returns; an early one waits a moment for its answer."""
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=256)
