"""A small HTTP server on this computer that serves one file in every way a server can, good and bad."""

from __future__ import annotations

import re
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


@dataclass
class Behaviour:
    """How the next answers are given.

    Attributes:
        data: The file.
        ranges: Whether a `Range` is honoured.
        status: Answer with this status and no file.
        break_after: Close the connection after so many bytes of an answer, though more were announced.
        stall_after: Send nothing any more after so many bytes, and keep the connection open.
        total: What `Content-Range` says the whole size is, where that is a lie.
        shift: Start this many bytes after where the client wanted to.
        redirect: Send the client to this path first.
    """

    data: bytes
    ranges: bool = True
    status: int | None = None
    break_after: int | None = None
    stall_after: int | None = None
    total: int | None = None
    shift: int = 0
    redirect: str | None = None


@dataclass
class Request:
    """What a client asked for and how much it was sent."""

    path: str
    range: str | None
    sent_bytes: int = 0


@dataclass
class FileServer:
    """Serves in threads of its own from `with` on."""

    behaviour: Behaviour
    requests: list[Request] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        # A client that went away must not be waited for, nor print a traceback.
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The address of the file."""
        return f"http://127.0.0.1:{self._server.server_port}/weights.pth"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        serve = self._serve

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                serve(self)

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        how = self.behaviour
        request = Request(handler.path, handler.headers.get("Range"))
        self.requests.append(request)
        if how.redirect and handler.path != how.redirect:
            handler.send_response(302)
            handler.send_header("Location", how.redirect)
            handler.end_headers()
            return
        if how.status:
            handler.send_error(how.status)
            return
        start = 0
        found = re.fullmatch(r"bytes=(\d+)-", request.range or "")
        if found and how.ranges:
            start = int(found[1]) + how.shift
            if start >= len(how.data):
                handler.send_error(416)
                return
            handler.send_response(206)
            end, total = len(how.data) - 1, how.total or len(how.data)
            handler.send_header("Content-Range", f"bytes {start}-{end}/{total}")
        else:
            handler.send_response(200)
        body = how.data[start:]
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        limits = (how.break_after, how.stall_after)
        limit = min([len(body), *(number for number in limits if number is not None)])
        request.sent_bytes = limit
        handler.wfile.write(body[:limit])
        handler.wfile.flush()
        if how.stall_after is not None:
            self._released.wait()


def closed_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
