"""Listens for second starts of the program with the same collection."""

from __future__ import annotations

import logging

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from flowersorter.ui.desktop.start_request import MAX_BYTES, TAKEN, decode

log = logging.getLogger(__name__)

#: How long a message may take to arrive, and how many may arrive at once.
_WITHIN_MS = 5000
_MAX_CONNECTIONS = 16


class StartListener(QObject):
    """Takes requests of the same user and drops everything else. Lives in the GUI thread.

    Args:
        parent: Owns it.

    Signals:
        requested(StartRequest): The program was started again.
    """

    requested = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connection)

    def listen(self, address: str) -> bool:
        """Begin to listen; returns whether the system allows it. The caller has the lock of the collection.

        Args:
            address: As `socket_address` gives it. A socket that is there is left from a program that crashed.
        """
        QLocalServer.removeServer(address)
        if not self._server.listen(address):
            log.warning("A second start will not find this window: %s", self._server.errorString())
        return self._server.isListening()

    def stop(self) -> None:
        """Close every connection and take no more."""
        self._server.close()
        for connection in self._open():
            connection.drop()

    def _open(self) -> list[_Connection]:
        return [each for each in self.findChildren(_Connection) if not each.over]

    @Slot()
    def _on_connection(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            if len(self._open()) >= _MAX_CONNECTIONS:
                socket.abort()
                socket.deleteLater()
                continue
            _Connection(socket, self).received.connect(self.requested)


class _Connection(QObject):
    """One connection: a line is read, answered, and the connection is closed."""

    received = Signal(object)

    def __init__(self, socket: QLocalSocket, parent: QObject) -> None:
        super().__init__(parent)
        self._socket, self._line, self.over = socket, bytearray(), False
        socket.setParent(self)
        socket.setReadBufferSize(MAX_BYTES)
        self._limit = QTimer(self, singleShot=True, interval=_WITHIN_MS)
        self._limit.timeout.connect(self.drop)
        self._limit.start()
        socket.readyRead.connect(self._on_bytes)
        socket.disconnected.connect(self.drop)

    @Slot()
    def drop(self) -> None:
        """Close the connection without an answer."""
        if not self.over:
            self.over = True
            self._limit.stop()
            self._socket.abort()
            self.deleteLater()

    @Slot()
    def _on_bytes(self) -> None:
        self._line += self._socket.readAll().data()
        line, end, _rest = self._line.partition(b"\n")
        request = decode(bytes(line)) if end and len(line) < MAX_BYTES else None
        if request is None:
            if end or len(self._line) >= MAX_BYTES:
                self.drop()
            return
        self._socket.readyRead.disconnect(self._on_bytes)  # more lines are not read
        self._socket.write(TAKEN)
        self._socket.flush()
        self._socket.disconnectFromServer()
        self.received.emit(request)
