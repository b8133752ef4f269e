"""What the page's server answers: requests of its own page, with values that it offers."""

import json
import re
import socket
from collections.abc import Awaitable, Callable
from errno import EADDRINUSE
from typing import Any

from ganzoo.error import UserError, refuse_if

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]  # of ASGI

LOCAL = ("127.0.0.1", "localhost", "::1")
LARGEST_REQUEST = 65_536  # bytes; the page's own have a few hundred
PREFIX = "/gradio_api/"
JOIN, CALL = f"{PREFIX}queue/join", f"{PREFIX}call/"
POSTED = re.compile(rf"({JOIN}|{CALL}\w+|{PREFIX}(cancel|reset))/?")
# Fetched from elsewhere, or of the machine itself.
FOREIGN = re.compile(rf"{PREFIX}(proxy=|file=(?!/)|stream/)|/monitoring|{PREFIX}dev/")


class Guard:
    """Refuses requests that the page itself does not make, with a sentence.

    Other pages that are open in the same browser could otherwise draw pictures, leave files, and
    read what the server sends.

    Args:
        app: What answers the others.
        page: gradio's page.
        host: The address that the server listens on.
    """

    def __init__(self, app: Application, page: Any, host: str) -> None:
        self.app, self.page, self.host = app, page, host

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        posted = scope.get("method") == "POST"
        try:
            if scope["type"] == "http":
                self.check_origin({name: value.decode("latin-1") for name, value in headers(scope)})
                self.check_path(scope["path"], scope["method"])
            if posted:
                body = await read_body(receive)
                self.check_call(scope["path"].rstrip("/"), body)
                receive = replayed(body, receive)
        except UserError as error:
            await answer(send, str(error))
            return
        await self.app(scope, receive, send)

    def check_origin(self, named: dict[bytes, str]) -> None:
        """Refuse another page's request, and a name that leads here without being this machine's.

        Raises:
            UserError: If it is one.
        """
        address = named.get(b"host", "")
        name = re.sub(r":\d*$", "", address).strip("[]").lower()
        known = self.host not in LOCAL or name in LOCAL
        refuse_if(not known, f"this page is only for its own machine: open it by {self.host}.")
        origin = named.get(b"origin", f"//{address}")
        same = origin.rpartition("//")[2] == address
        refuse_if(not same, "this page answers no other page: open it.")

    def check_path(self, path: str, method: str) -> None:
        """Refuse what the page never asks for, such as uploads.

        Raises:
            UserError: If it is that.
        """
        asked = method in ("GET", "HEAD", "OPTIONS") or POSTED.fullmatch(path)
        refuse_if(not asked or FOREIGN.match(path), "this page neither takes nor fetches files.")

    def check_call(self, path: str, body: bytes) -> None:
        """Refuse to call a function that there is not, or with other values than it takes.

        Raises:
            UserError: If that is asked for.
        """
        if not path.startswith((JOIN, CALL)):
            return
        try:
            asked = json.loads(body)
            number, values = asked.get("fn_index"), asked["data"]
        except (ValueError, AttributeError, KeyError, TypeError, RecursionError) as error:
            raise UserError("a call is JSON with its values as data: see /?view=api.") from error
        functions = {each.api_name: each for each in self.page.fns.values()}
        named = functions.get(path.removeprefix(CALL))
        called: Any = self.page.fns.get(number) if isinstance(number, int) else named
        refuse_if(called is None, "there is no such function: see /?view=api for those there are.")
        wanted = len(called.inputs)
        refuse_if(
            not isinstance(values, list) or len(values) != wanted,
            f"this function takes {wanted} values: see /?view=api for what they are.",
        )


def headers(scope: Message) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = scope["headers"]
    return found


async def read_body(receive: Receive) -> bytes:
    """The whole content of a request.

    Raises:
        UserError: If it is larger than any that the page sends.
    """
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        refuse_if(len(body) > LARGEST_REQUEST, f"a request has at most {LARGEST_REQUEST} bytes.")
    return body


def replayed(body: bytes, receive: Receive) -> Receive:
    """What has been read, to be read again, and then what follows."""
    before = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive_again() -> Message:
        return next(before, None) or await receive()

    return receive_again


async def answer(send: Send, sentence: str) -> None:
    kind = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 403, "headers": kind})
    await send({"type": "http.response.body", "body": sentence.encode()})


def check_address(host: str, port: int) -> None:
    """Refuse an address that no server can listen on.

    Raises:
        UserError: If it is none of this machine, or in use.
    """
    refuse_if(not 0 < port < 65_536, f"--port is 1 to 65535, got {port}: type --port 7860.")
    try:
        found = socket.getaddrinfo(host or " ", port, type=socket.SOCK_STREAM)
        family, kind, *_, address = found[0]
        with socket.socket(family, kind) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except (OSError, UnicodeError) as error:
        used = getattr(error, "errno", None) == EADDRINUSE
        taken = f"port {port} of {host} is in use: type --port {port + 1}."
        unknown = f"--host {host} is no address of this machine that may listen at port {port}"
        remedy = "type --host 127.0.0.1 --port 7860."
        raise UserError(taken if used else f"{unknown}: {remedy}") from error
