"""An HTTP server on this machine, for tests of what speaks to others."""

import contextlib
import http.server
import threading

# Seconds between two looks at whether the server shall end: by default, half of one.
_POLL_SECONDS = 0.01


@contextlib.contextmanager
def local_server(handler):
    """Serves by a class of handlers, in threads; yields the address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
