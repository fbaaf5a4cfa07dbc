"""An HTTP server that remembers the paths that it was asked for: what a
client of smsbox gives as dlr-url. `look` may be set to a function that is
called with each, before the answer."""

import http.server
import threading


class Collector:
    def __init__(self):
        self.paths, self.look = [], None
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_GET(self):
                if outer.look:
                    outer.look(self.path)
                outer.paths.append(self.path)
                self.send_response(200)
                self.send_header('Content-Length', '0')
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 128

        self.server = Server(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.server.server_port}/report'

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
