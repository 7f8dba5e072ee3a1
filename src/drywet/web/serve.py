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
    on_new: Callable[[Path], None] = lambda folder: None,
) -> None:
    """Serve the page until Ctrl-C; trainings go on by themselves.

    Args:
        runs: folder of the runs.
        host: to listen on; loopback, unless another is named.
        port: to listen on; 0 takes a free one.
        open_browser: open the address.
        on_address: called with the address to open, and with a new one whenever one was used.
        on_new: called with the folder where it was not there and has been made.

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

    listener = _listening(host, port)
    is_new = not Path(runs).exists()
    space = Workspace(Path(runs))
    if is_new:
        on_new(space.runs)
    port = listener.getsockname()[1]
    hosts = hosts_of(host, port)

    def told(token: str) -> None:
        on_address(f"http://{hosts[0]}/?token={token}")

    keys = Keys(space.session_file, told)
    told(keys.link)
    if open_browser:
        webbrowser.open(f"http://{hosts[0]}/?token={keys.link}")
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


def hosts_of(host: str, port: int) -> list[str]:
    """The ``Host`` headers that are this server, the one to be shown first.

    Args:
        host: that it listens on; a wildcard stands for all addresses of this machine.
        port: likewise.
    """
    names = [host]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        loopback, everywhere = host == "localhost", False
    else:
        loopback, everywhere = address.is_loopback, address.is_unspecified
    if everywhere:
        names = [*_addresses_here(), socket.gethostname()]
    if loopback or everywhere:
        names += ["localhost", "127.0.0.1", "::1"]
    return [f"[{name}]:{port}" if ":" in name else f"{name}:{port}" for name in names]


def _addresses_here() -> list[str]:
    """Of this machine on its networks; nothing is sent to find out (192.0.2.1 is nobody's)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return []
        return [str(probe.getsockname()[0])]
