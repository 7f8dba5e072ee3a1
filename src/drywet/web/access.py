"""Nobody gets in: who may ask the server anything, and what every answer carries.

The server listens on loopback, where any page in any browser of the machine could reach it. So the
Host header must be one that the server knows (DNS rebinding), a cookie must prove that the browser
opened the address printed in the terminal, and whatever changes something must come from
the page itself (an exact Origin and a header that no form can send). Paths are judged as the
server routes them, by ``scope["path"]``.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Sequence
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from drywet.storage import write_bytes

HEADER = "x-drywet"
"""Of every request that changes something; a form of another page cannot send it."""

_TOKEN_BYTES = 24
_SAFE = {"GET", "HEAD"}
_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; "
    "style-src 'self'; media-src 'self' blob:; img-src 'self' data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Keys:
    """The token of an address that works once, and that of the cookie it is exchanged for.

    The cookie's outlives the server, so that a tab goes on after a restart; it is in a file that
    its owner alone can read.

    Args:
        path: of that file.
        on_new_link: called with the next token whenever one was used.
    """

    def __init__(self, path: Path, on_new_link: Callable[[str], None] = lambda token: None) -> None:
        self._on_new_link = on_new_link
        self.link = secrets.token_urlsafe(_TOKEN_BYTES)
        if not path.is_file() or len(path.read_bytes()) < _TOKEN_BYTES:
            write_bytes(path, secrets.token_urlsafe(_TOKEN_BYTES).encode())
        path.chmod(0o600)
        self.session = path.read_text()

    def use(self, token: str) -> bool:
        """Whether a token opens the page; it does so once."""
        if not _same(token, self.link):
            return False
        self.link = secrets.token_urlsafe(_TOKEN_BYTES)
        self._on_new_link(self.link)
        return True


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


class Guard:
    """Lets through what comes from the page that its user opened, and nothing else.

    Args:
        app: what is guarded.
        keys: tokens.
        hosts: ``Host`` headers that are this server.
        port: it listens on; cookies of one machine's servers are told apart by it.
    """

    def __init__(self, app: ASGIApp, keys: Keys, hosts: Sequence[str], port: int) -> None:
        self._app, self._keys = app, keys
        self._hosts, self._cookie = frozenset(hosts), f"drywet-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for the app what is not for it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # no WebSockets
        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return PlainTextResponse("This is not the server's address.", 421)
        token = parse_qs(scope["query_string"].decode("latin-1")).get("token")
        known = _same(self._cookie_of(headers), self._keys.session)
        if token and scope["path"] == "/" and scope["method"] == "GET":
            return RedirectResponse("/", 303) if known else self._opened(token[0])
        if not known:
            return PlainTextResponse(
                "Open the address that 'drywet serve' printed in the terminal.", 403
            )
        if scope["method"] not in _SAFE:
            origin, own = headers.getlist("origin"), f"http://{hosts[0]}"
            from_page = headers.get("sec-fetch-site", "same-origin") == "same-origin"
            if origin != [own] or HEADER not in headers or not from_page:
                return PlainTextResponse("Only the page itself may ask for that.", 403)
        return None

    def _opened(self, token: str) -> Response:
        """The cookie for the token, which the redirect takes out of the address."""
        if not self._keys.use(token):
            return PlainTextResponse(
                "This address was used before: open the newest that 'drywet serve' printed.", 403
            )
        answer = RedirectResponse("/", 303)
        answer.set_cookie(
            self._cookie, self._keys.session, httponly=True, samesite="strict", path="/"
        )
        return answer

    def _cookie_of(self, headers: Headers) -> str:
        jar: SimpleCookie = SimpleCookie()
        try:
            jar.load(headers.get("cookie", ""))
        except CookieError:
            return ""
        found = jar.get(self._cookie)
        return "" if found is None else found.value


def _with_headers(send: Send) -> Send:
    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("content-security-policy", _POLICY)
        await send(message)

    return told
