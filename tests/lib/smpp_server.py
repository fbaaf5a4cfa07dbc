"""What the test's own SMSCs have in common: a port, a thread for each link, and
PDUs as octets, so that they may be wrong."""

import socket
import struct
import threading

BINDS, ENQUIRE_LINK, RESP = (1, 2, 9), 0x15, 0x80000000
NEVER = 0x7ffffff0      # a sequence number that no request has


def pdu(command, body=b'', sequence=NEVER, status=0, length=None):
    return struct.pack('>IIII', 16 + len(body) if length is None else length,
                       command, status, sequence) + body


def read(reader):
    """(command, sequence, body) of the next PDU; EOFError at the end."""
    header = reader.read(16)
    if len(header) < 16:
        raise EOFError
    length, command, _, sequence = struct.unpack('>IIII', header)
    return command, sequence, reader.read(length - 16)


class SmppServer:
    """Listens on `port`. A subclass has serve(link, reader), which is called
    in a thread for each link; the link is closed at its end, which may be an
    OSError or EOFError."""

    def __init__(self):
        self._server = socket.create_server(('127.0.0.1', 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._server.close()

    def _accept(self):
        while True:
            try:
                link, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(link,),
                             daemon=True).start()

    def _serve(self, link):
        try:
            self.serve(link, link.makefile('rb'))
        except (OSError, EOFError):
            pass
        finally:
            link.close()
