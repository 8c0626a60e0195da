"""A small server on this machine that speaks what `huggingface_hub` asks of the Hub."""

import base64
import contextlib
import hashlib
import http.server
import json
import re
import urllib.parse

from local_server import local_server

TOKENS = {"hf_ada": ("ada", "write"), "hf_reader": ("ada", "read")}
LARGE = (".h5", ".png")  # kept by their SHA-256, as Git LFS does; a real Hub also goes by size


class Hub:
    """Repositories in memory: branch or commit -> path -> content.

    Attributes:
      url: str. The server's address.
      asked: list of str. The requests so far, method and path.
      private: set of str. Repositories that need the token of their owner.
      gated: set of str. Repositories whose conditions nobody has accepted.
      down: bool. Whether every answer is the error 503.
    """

    def __init__(self):
        self.repositories, self.blobs, self.asked = {}, {}, []
        self.private, self.gated, self.down = set(), set(), False

    def commit(self, repository, files, branch="main"):
        """Enters a commit that holds these files; returns its hash."""
        told = json.dumps(sorted((path, _sha256(data)) for path, data in files.items()))
        sha = hashlib.sha1(told.encode()).hexdigest()
        revisions = self.repositories.setdefault(repository, {})
        revisions[branch] = revisions[sha] = dict(files)
        return sha

    def sha(self, repository, revision):
        """Returns the commit of a branch or a commit, None if there is none."""
        revisions = self.repositories[repository]
        files = revisions.get(revision)
        commits = (one for one in revisions if re.fullmatch("[0-9a-f]{40}", one))
        return next((one for one in commits if revisions[one] == files), None)


@contextlib.contextmanager
def hub_server(patch, cache):
    """Starts a hub and makes it the one that this process asks; yields it.

    Args:
      patch: pytest.MonkeyPatch. What it changes is put back at the test's end.
      cache: path. Where fetched files lie.
    """
    from huggingface_hub import constants

    from qlatent_tf.storage import hub as presets

    hub = Hub()
    # Read from the environment when the library is imported.
    patch.setattr(constants, "HF_HUB_CACHE", str(cache))
    patch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    handler = type("Handler", (_Handler,), {"hub": hub})
    patch.setenv("HF_TOKEN", "hf_ada")
    with local_server(handler) as hub.url:
        patch.setenv("HF_ENDPOINT", hub.url)
        presets._fetched.cache_clear()
        try:
            yield hub
        finally:
            presets._fetched.cache_clear()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        self._answer(b"")

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer(body)

    do_PUT = do_POST  # noqa: N815

    def _answer(self, body):
        path = urllib.parse.unquote(urllib.parse.urlparse(self.path).path)
        self.hub.asked.append(f"{self.command} {path}")
        if self.hub.down:
            return self._send(503, {"error": "down"})
        for method, pattern, answer in _ROUTES:
            found = re.fullmatch(pattern, path)
            if found and self.command in method:
                return answer(self, body, *found.groups())
        return self._send(404, {"error": f"no route for {self.command} {path}"})

    def _send(self, status, content=b"", **headers):
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _user(self):
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return TOKENS.get(token, (None, None))

    def _refused(self, repository, revision=None):
        """Answers where a repository or a revision may not be seen; returns whether it did."""
        hub, owner = self.hub, repository.partition("/")[0]
        hidden = repository in hub.private and self._user()[0] != owner
        if repository not in hub.repositories or hidden:
            self._send(401 if self._user()[0] is None else 404, X_Error_Code="RepoNotFound")
        elif repository in hub.gated:
            self._send(403, X_Error_Code="GatedRepo")
        elif revision and revision not in hub.repositories[repository]:
            self._send(404, X_Error_Code="RevisionNotFound")
        else:
            return False
        return True

    def _whoami(self, body):
        name, role = self._user()
        if name is None:
            return self._send(401, {"error": "Invalid credentials in Authorization header"})
        user = {"type": "user", "name": name, "orgs": [{"name": "lab"}]}
        return self._send(200, {**user, "auth": {"accessToken": {"role": role}}})

    def _info(self, body, repository, revision=None):
        revision = revision or "main"
        if not self._refused(repository, revision):
            files = self.hub.repositories[repository][revision]
            siblings = [{"rfilename": path, "size": len(data)} for path, data in files.items()]
            sha = self.hub.sha(repository, revision)
            told = {"sha": sha, "siblings": siblings, "private": repository in self.hub.private}
            self._send(200, {"id": repository, **told})

    def _tree(self, body, repository, revision):
        if self._refused(repository, revision):
            return
        entries = []
        for path, data in self.hub.repositories[repository][revision].items():
            entry = {"type": "file", "path": path, "size": len(data), "oid": _git_oid(data)}
            if path.endswith(LARGE):
                entry["lfs"] = {"oid": _sha256(data), "size": len(data), "pointerSize": 130}
            entries.append(entry)
        self._send(200, entries)

    def _resolve(self, body, repository, revision, path):
        if self._refused(repository, revision):
            return
        files, sha = self.hub.repositories[repository][revision], self.hub.sha(repository, revision)
        if path not in files:
            return self._send(404, X_Error_Code="EntryNotFound", X_Repo_Commit=sha)
        data = files[path]
        etag = _sha256(data) if path.endswith(LARGE) else _git_oid(data)
        headers = {"X_Repo_Commit": sha, "Accept_Ranges": "bytes", "ETag": f'"{etag}"'}
        begin = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if begin:
            headers["Content_Range"] = f"bytes {begin[1]}-{len(data) - 1}/{len(data)}"
            return self._send(206, data[int(begin[1]) :], **headers)
        return self._send(200, data, **headers)

    def _create(self, body):
        asked = json.loads(body)
        name, role = self._user()
        repository = f"{asked.get('organization') or name}/{asked['name']}"
        if role != "write":
            return self._send(403, {"error": "You have no right to create a model"})
        url = {"url": f"{self.hub.url}/{repository}", "name": repository}
        if repository in self.hub.repositories:
            return self._send(409, {"error": "You already created this model repo", **url})
        self.hub.commit(repository, {".gitattributes": b"*.h5 filter=lfs\n"})
        if asked.get("visibility") == "private" or asked.get("private"):
            self.hub.private.add(repository)
        return self._send(200, url)

    def _branch(self, body, repository, branch):
        revisions = self.hub.repositories[repository]
        if branch in revisions:
            return self._send(409, {"error": "exists"})
        revisions[branch] = revisions["main"]
        return self._send(200, {})

    def _preupload(self, body, repository, revision):
        modes = [
            {
                "path": file["path"],
                "uploadMode": "lfs" if file["path"].endswith(LARGE) else "regular",
                "shouldIgnore": False,
            }
            for file in json.loads(body)["files"]
        ]
        self._send(200, {"files": modes})

    def _batch(self, body, repository):
        objects = [
            {**one, "actions": {"upload": {"href": f"{self.hub.url}/upload/{one['oid']}"}}}
            for one in json.loads(body)["objects"]
        ]
        self._send(200, {"transfer": "basic", "objects": objects})

    def _upload(self, body, oid):
        if _sha256(body) != oid:
            return self._send(400, {"error": "another hash"})
        self.hub.blobs[oid] = body
        return self._send(200)

    def _commit(self, body, repository, branch):
        if self._refused(repository, branch):
            return
        files = dict(self.hub.repositories[repository][branch])
        for line in body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif entry["key"] == "lfsFile":
                files[value["path"]] = self.hub.blobs[value["oid"]]
            elif entry["key"] == "deletedFile":
                del files[value["path"]]
        sha = self.hub.commit(repository, files, branch)
        url = f"{self.hub.url}/{repository}/commit/{sha}"
        self._send(200, {"success": True, "commitUrl": url, "commitOid": sha})

    def _yaml(self, body):
        text = json.loads(body)["content"]
        errors = [] if text.startswith("---\n") else [{"message": "no front matter"}]
        self._send(200, {"errors": errors, "warnings": []})


def _sha256(data):
    return hashlib.sha256(data).hexdigest()


def _git_oid(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


_REPOSITORY = r"([\w.-]+/[\w.-]+)"
_ROUTES = [
    (("GET",), "/api/whoami-v2", _Handler._whoami),
    (("GET",), f"/api/models/{_REPOSITORY}", _Handler._info),
    (("GET",), f"/api/models/{_REPOSITORY}/revision/(.+)", _Handler._info),
    (("GET",), f"/api/models/{_REPOSITORY}/tree/(.+)", _Handler._tree),
    (("GET", "HEAD"), f"/{_REPOSITORY}/resolve/([^/]+)/(.+)", _Handler._resolve),
    (("POST",), "/api/repos/create", _Handler._create),
    (("POST",), "/api/validate-yaml", _Handler._yaml),
    (("POST",), f"/api/models/{_REPOSITORY}/branch/(.+)", _Handler._branch),
    (("POST",), f"/api/models/{_REPOSITORY}/preupload/(.+)", _Handler._preupload),
    (("POST",), f"/api/models/{_REPOSITORY}/commit/(.+)", _Handler._commit),
    (("POST",), f"/{_REPOSITORY}.git/info/lfs/objects/batch", _Handler._batch),
    (("PUT",), "/upload/([0-9a-f]{64})", _Handler._upload),
]
