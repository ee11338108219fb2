"""Without granian: the same server on waitress, plain HTTP on loopback."""

import json
from http.client import HTTPConnection

from collector import waitress_server
from collector.context import open_context
from collector.serve import running


def test_waitress_serves_the_same_application(directory, enrol):
    with open_context(directory) as context, running(context, pages=False) as app:
        agent = enrol(context, "web-01")
        with waitress_server.listening(app, "127.0.0.1", 0, None, 4) as port:
            connection = HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("POST", "/v1/batches", agent.batch())
            assert json.loads(connection.getresponse().read())["status"] == "ok"
            connection.request("GET", "/healthz")
            assert connection.getresponse().read() == b'{"status":"ok"}\n'
            connection.close()
