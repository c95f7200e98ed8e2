"""ClickHouse's HTTP interface in front of the real engine (chdb), as far as the tests need it.

Prints its port. GET asks: `query`, `database` and `param_NAME` of the URL, as ClickHouse has them. POST changes: the body
is SQL; without it there would be no tables to ask. Errors are answered as ClickHouse does, as text with the engine's code.
"""

import base64
import http.server
import urllib.parse

from chdb import session

ENGINE = session.Session()
PASSWORD = "d3-pw"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        words = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        asked = {key: values[0] for key, values in urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query).items()}
        if words not in ("default:", f"reader:{PASSWORD}"):
            return self.answer(401, b"Code: 516. DB::Exception: Authentication failed")
        values = {key.removeprefix("param_"): value for key, value in asked.items() if key.startswith("param_")}
        self.run(lambda: (ENGINE.query(f"USE `{asked['database']}`"), ENGINE.query(asked["query"], "JSONCompact", params=values))[1])

    def do_POST(self):
        sql = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.run(lambda: ENGINE.query(sql))

    def run(self, ask):
        try:
            self.answer(200, ask().bytes())
        except Exception as error:  # the engine's own words are the answer
            self.answer(404 if "UNKNOWN_TABLE" in str(error) else 400, str(error).encode())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
