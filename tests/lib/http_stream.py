"""HTTP/1.1 messages over asyncio streams: just what a fast Push Initiator
needs, since http.server and urllib cannot keep up with the PPG."""


class Broken(ConnectionError):
    """The connection ended, or what came is not HTTP."""


async def read_message(reader):
    """One request or response with its body: (first line, headers with
    lower-case names, body); None at the end of the stream."""
    head = await reader.readuntil(b'\r\n\r\n')
    first, *lines = head.decode('latin-1').rstrip().split('\r\n')
    headers = {}
    for line in lines:
        name, colon, value = line.partition(':')
        if not colon:
            raise Broken(f'bad header line {line!r}')
        headers[name.strip().lower()] = value.strip()
    if 'chunked' in headers.get('transfer-encoding', ''):
        raise Broken('a chunked body')
    body = await reader.readexactly(int(headers.get('content-length', 0)))
    return first, headers, body


def message(first, body, headers):
    """The octets of a request or response."""
    lines = [first, *(f'{name}: {value}' for name, value in headers.items()),
             f'Content-Length: {len(body)}', '', '']
    return '\r\n'.join(lines).encode() + body
