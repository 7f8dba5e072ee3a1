"""``serve``: open the page in a browser, and answer it."""

from __future__ import annotations

import ipaddress
import socket
import webbrowser
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from drywet.errors import DrywetError
from drywet.web.access import Keys
from drywet.web.events import Hub
from drywet.web.workspace import Workspace

PORT = 8730


def serve(
    runs: Path | str = Path("runs"),
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    open_browser: bool = True,
    on_address: Callable[[str], None] = lambda address: None,
) -> None:
    """Serve the page until Ctrl-C; trainings go on by themselves.

    Args:
        runs: folder of the runs.
        host: to listen on; loopback, unless another is named.
        port: to listen on; 0 takes a free one.
        open_browser: open the address.
        on_address: called with the address to open, and with a new one whenever one was used.

    Raises:
        DrywetError: a port that is taken, or a folder that cannot be made.
    """
    import uvicorn

    from drywet.web.app import application

    hub = Hub()

    class Server(uvicorn.Server):
        """Ends the tabs' streams with itself, which would go on for ever."""

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            hub.close()
            super().handle_exit(sig, frame)

    space = Workspace(Path(runs))
    listener = _listening(host, port)
    port = listener.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    hosts = [f"{shown}:{port}"]
    if _is_loopback(host):
        hosts += [f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"]

    def told(token: str) -> None:
        on_address(f"http://{shown}:{port}/?token={token}")

    keys = Keys(space.session_file, told)
    told(keys.link)
    if open_browser:
        webbrowser.open(f"http://{shown}:{port}/?token={keys.link}")
    config = uvicorn.Config(
        application(space, hub, keys, hosts, port),
        log_level="warning",
        access_log=False,  # addresses hold tokens
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    Server(config).run([listener])


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        DrywetError: the host is none of this machine's, or the port is taken.
    """
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, proto)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise DrywetError(
            f"cannot listen on {host}:{port} ({error.strerror})", "a free port of this machine",
            "Choose another --port; 0 takes a free one.",
        ) from error  # fmt: skip
    return listener


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
