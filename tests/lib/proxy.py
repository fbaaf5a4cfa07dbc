#!/usr/bin/python3 -B
"""A network between the boxes and PostgreSQL, to be cut.

  tests/lib/proxy.py PORT SOCKET    from 127.0.0.1:PORT to a Unix socket

It is a process of its own so that a SIGSTOP can make it a peer that is gone
without a word: connections stay open, new ones are accepted by the kernel,
what is sent is acknowledged, and nothing comes back. After a SIGCONT it
passes on what it has, to whoever is still there: a statement may run long
after its sender gave it up.
"""

import asyncio
import contextlib
import sys


async def pass_on(reader, writer):
    """Until the end of either side."""
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()


async def serve(reader, writer, path):
    try:
        server = await asyncio.open_unix_connection(path)
    except OSError:
        writer.transport.abort()        # as nobody listens there: a reset
        return
    await asyncio.gather(pass_on(reader, server[1]),
                         pass_on(server[0], writer))


async def main(port, path):
    server = await asyncio.start_server(
        lambda reader, writer: serve(reader, writer, path),
        '127.0.0.1', port)
    await server.serve_forever()


asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
