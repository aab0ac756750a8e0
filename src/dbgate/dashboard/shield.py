"""What every answer carries, and which requests are not even looked at: a strict Content-Security-Policy, no sniffing,
no framing, no caching of pages, no requests that another site's page made."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

MAX_BODY: Final = 2 << 20

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; "
    "manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS: Final = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_SAFE: Final = ("GET", "HEAD")


class Shield:
    """An ASGI application around another. secure: it is reached over HTTPS."""

    def __init__(self, app: Any, secure: bool) -> None:
        self._app = app
        self._secure = secure

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        static = scope["path"].startswith("/static/")

        async def guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                if not static:
                    headers["cache-control"] = "no-store"
                if self._secure:
                    headers["strict-transport-security"] = "max-age=31536000"
            await send(message)

        refusal = _refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, guarded)
            return
        await self._app(scope, receive, guarded)


def _refusal(scope: Any) -> PlainTextResponse | None:
    headers = Headers(scope=scope)
    if scope["method"] not in (*_SAFE, "POST"):
        return PlainTextResponse("the dashboard takes GET and POST\n", 405, {"allow": "GET, HEAD, POST"})
    if scope["method"] == "POST":
        if headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return PlainTextResponse("this request was made by another site's page\n", 403)
        origin = headers.get("origin", "")
        if origin and urlsplit(origin).netloc != headers.get("host", ""):
            return PlainTextResponse("this request was made by another site's page\n", 403)
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MAX_BODY or "transfer-encoding" in headers:
            return PlainTextResponse("too much was sent\n", 413)
    return None
