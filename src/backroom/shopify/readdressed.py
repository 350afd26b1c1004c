"""Sends what is meant for one host to another: `shopifyapp` knows https://SHOP.myshopify.com only.

An api_url (a proxy, or a simulated shop) is somewhere else. The request is changed on its way out, and
leaves through the house's own HTTP client with its connections, proxies and limits of time. What went wrong
on the way is remembered: `shopifyapp` says no more than that something did.
"""

import httpx


class Readdressed(httpx.BaseTransport):
    """A transport whose requests all go to `base_url`, each path after that one's."""

    def __init__(self, http: httpx.Client, base_url: str) -> None:
        self._http = http
        self._base = httpx.URL(base_url)
        self.trouble: httpx.HTTPError | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = self._base.raw_path.rstrip(b"/") + request.url.raw_path
        url = self._base.copy_with(raw_path=path)
        kept = [(name, value) for name, value in request.headers.raw if name.lower() != b"host"]
        headers = [(b"Host", self._base.netloc), *kept]
        readdressed = httpx.Request(
            request.method, url, headers=headers, stream=request.stream, extensions=request.extensions
        )
        try:
            return self._http.send(readdressed, stream=True, follow_redirects=False)
        except httpx.HTTPError as error:
            self.trouble = error
            raise
