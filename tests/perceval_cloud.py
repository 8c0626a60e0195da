"""A small server on this machine that speaks what Perceval asks of Quandela's cloud."""

import contextlib
import http.server
import json
import re
import urllib.parse

from local_server import local_server

TOKEN = "a_token"


class Cloud:
    """Platforms that run the jobs they are sent by Perceval's SLOS.

    Attributes:
      url: str. The server's address.
      jobs: dict. Id -> the payload that was sent.
      status: str. What is said of every job: ``waiting``, ``completed``, ``error``.
      commands: list of str. What the platforms can do.
      share: float. The part of the shots asked for that comes back.
    """

    def __init__(self):
        self.jobs, self.status, self.commands, self.share = {}, "completed", ["samples"], 1.0


@contextlib.contextmanager
def perceval_cloud(patch):
    """Starts a cloud and makes it the one that Perceval asks; yields it."""
    from perceval.providers.quandela.remote_config import RemoteConfig

    cloud = Cloud()
    handler = type("Handler", (_Handler,), {"cloud": cloud})
    patch.setenv("PCVL_CLOUD_TOKEN", TOKEN)
    with local_server(handler) as cloud.url:
        RemoteConfig.clear_cache()
        RemoteConfig.set_url(cloud.url)
        try:
            yield cloud
        finally:
            RemoteConfig.clear_cache()


class _Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def do_GET(self):
        self._answer(b"")

    def do_POST(self):
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _answer(self, body):
        path = urllib.parse.unquote(self.path)
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._send(401, {"error": "who are you?"})
        if found := re.fullmatch("/api/platforms/(.+)/processor", path):
            return self._send(200, self._platform(found[1]))
        if path == "/api/job":
            name = f"job-{len(self.cloud.jobs)}"
            self.cloud.jobs[name] = json.loads(body)
            return self._send(200, {"job_id": name})
        found = re.fullmatch("/api/job/(status|result)/(.+)", path)
        if not found or found[2] not in self.cloud.jobs:
            return self._send(404, {"error": "nothing there"})
        if found[1] == "status":
            return self._send(200, self._status())
        return self._send(200, {"results": json.dumps(self._result(self.cloud.jobs[found[2]]))})

    def _send(self, status, content):
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _platform(self, name):
        import perceval

        kind = "physical" if name.startswith("qpu:") else "simulator"
        specs = {
            "available_commands": self.cloud.commands,
            "constraints": {"max_mode_count": 12, "max_photon_count": 6},
            "architecture": perceval.serialization.serialize(perceval.Experiment(12)),
        }
        return {"name": name, "status": "available", "type": kind, "specs": specs}

    def _status(self):
        times = {"creation_datetime": 1.0, "start_time": 2.0, "duration": 3}
        said = {"progress": 0.5, "progress_message": "", "status_message": "laser is off"}
        return {"status": self.cloud.status, **times, **said}

    def _result(self, job):
        import perceval
        from perceval.serialization import deserialize, serialize

        payload = job["payload"]
        local = perceval.Processor("SLOS", deserialize(payload["experiment"]))
        asked = int(self.cloud.share * payload["max_samples"])
        sampler = perceval.algorithm.Sampler(local)
        results = getattr(sampler, payload["command"]).execute_sync(asked)
        return {name: serialize(value) for name, value in results.items()}
