"""Local files, volumes and workspace files."""

import json
import stat
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from aadsync_lib import files
from aadsync_lib.errors import AadsyncError, CredentialError, UsageError
from aadsync_lib.files import location

REPORTS = "/Volumes/main/aadsync/reports"
HOME = "/Workspace/Users/ada@contoso.com"
TEXT = "Zoë \U0001f600\n"
TOKEN = "token-of-ada"


class Workspace(BaseHTTPRequestHandler):
    """Just enough of a workspace: one volume, one home folder, pages of two, one locked folder."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self._answer()

    do_PUT = do_POST = do_GET  # noqa: N815 - names that http.server calls

    def log_message(self, *_):
        pass

    def _answer(self):
        url = urlsplit(self.path)
        data = self.rfile.read(int(self.headers.get("content-length", 0)))
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if self.headers.get("authorization") != f"Bearer {TOKEN}":
            return self._send(401, {"error_code": "UNAUTHENTICATED", "message": "Who are you?"})
        status, answer = self._route(unquote(url.path), query, data)
        return self._send(status, answer)

    def _send(self, status, answer):
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _route(self, path, query, data):
        head, _, place = path.removeprefix("/api/2.0/").partition("/Volumes/")
        match f"{self.command} {head}":
            case "PUT fs/directories":
                return self._folder(f"/Volumes/{place}", REPORTS)
            case "PUT fs/files":
                return self._write(f"/Volumes/{place}", query, data)
            case "GET fs/files":
                return self._read(f"/Volumes/{place}")
            case "GET fs/directories":
                return self._list(f"/Volumes/{place}", int(query.get("page_token", 0)))
            case "POST workspace/mkdirs":
                return self._folder(json.loads(data)["path"], HOME)
            case "GET workspace/export":
                return self._read(query["path"])
            case "GET workspace/list":
                return self._objects(query["path"])
        found = path.removeprefix("/api/2.0/workspace-files/import-file")
        return self._write(found, query, data) if found != path else (404, {})

    def _folder(self, path, root):
        if "locked" in path:
            return 403, {"error_code": "PERMISSION_DENIED", "message": f"No right to {path}."}
        if not path.startswith(root):
            return 404, {"error_code": "NOT_FOUND", "message": "Volume does not exist."}
        self.server.folders.add(path)
        return 200, {}

    def _write(self, path, query, data):
        assert query == {"overwrite": "true"}
        if str(Path(path).parent) not in self.server.folders:
            return 404, {"error_code": "NOT_FOUND", "message": "The folder does not exist."}
        self.server.files[path] = data
        return 200, b""

    def _read(self, path):
        if path == f"{REPORTS}/broken":
            return 400, {"error_code": "BAD_REQUEST", "message": "The disk is on fire."}
        if "locked" in path:
            return 403, {"error_code": "PERMISSION_DENIED", "message": f"No right to {path}."}
        if path in self.server.files:
            return 200, self.server.files[path]
        return 404, {"error_code": "NOT_FOUND", "message": "No such file."}

    def _inside(self, path):
        known = (*self.server.files, *self.server.folders)
        return sorted(item for item in known if str(Path(item).parent) == path)

    def _list(self, path, start):
        if "locked" in path:
            return 403, {"error_code": "PERMISSION_DENIED", "message": "No."}
        if path not in self.server.folders:
            return 404, {"error_code": "NOT_FOUND", "message": "No such folder."}
        inside = self._inside(path)
        page = [
            {"path": item, "name": Path(item).name, "is_directory": item in self.server.folders}
            for item in inside[start : start + 2]
        ]
        more = {"next_page_token": str(start + 2)} if inside[start + 2 :] else {}
        return 200, {"contents": page} | more

    def _objects(self, path):
        kinds = {True: "DIRECTORY", False: "FILE"}
        objects = [
            {"path": item, "object_type": kinds[item in self.server.folders]}
            for item in self._inside(path)
        ]
        notebook = {"path": f"{path}/02_plan", "object_type": "NOTEBOOK"}
        return 200, {"objects": [*objects, notebook]} if objects else {}


@pytest.fixture(scope="module")
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Workspace) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def workspace(server, login):
    server.files, server.folders = {}, {REPORTS, HOME}
    login.setenv("DATABRICKS_HOST", f"http://127.0.0.1:{server.server_port}")
    login.setenv("DATABRICKS_TOKEN", TOKEN)
    return server


@pytest.fixture
def login(monkeypatch, tmp_path):
    """No login, not even that of whoever runs the tests."""
    for name in ("DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_CONFIG_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(tmp_path / "no-profiles"))
    monkeypatch.setenv("PATH", str(tmp_path))
    return monkeypatch


@pytest.fixture
def mounted(monkeypatch, tmp_path):
    """A volume and a home folder as Databricks mounts them."""
    monkeypatch.setattr(location, "VOLUMES", str(tmp_path / "Volumes"))
    folder = tmp_path / "Volumes/main/aadsync/reports"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def there(request, tmp_path):
    return str(tmp_path) if request.param is None else request.param


KINDS = pytest.mark.parametrize(
    "there", [REPORTS, HOME, None], ids=["volume", "workspace", "local"], indirect=True
)


@KINDS
def test_what_is_written_is_read_and_listed(workspace, there):
    folder = f"{there}/run=2 of #3 at 50%"
    for name in ("plan.json", "b.run.json", "a.run.json", "more/inner.json"):
        files.write_text(f"{folder}/{name}", name)
    files.write_text(f"{folder}/plan.json", TEXT)
    assert files.read_text(f"{folder}/plan.json") == TEXT
    assert files.names(folder) == ("a.run.json", "b.run.json", "plan.json")


@KINDS
def test_folder_that_is_not_there_holds_nothing(workspace, there):
    assert files.names(f"{there}/run=7") == ()


@KINDS
def test_file_that_is_not_there_is_named_with_what_to_do(workspace, there):
    with pytest.raises(UsageError) as caught:
        files.read_text(f"{there}/none.yml")
    assert f"{there}/none.yml cannot be read: No such file" in str(caught.value)
    assert "Check the path" in str(caught.value)


@KINDS
def test_half_a_character_is_written_out_rather_than_losing_the_file(workspace, there):
    files.write_text(f"{there}/a.txt", "\ud83d")
    assert files.read_text(f"{there}/a.txt") == "\\ud83d"


def test_path_that_the_dbfs_prefix_was_copied_with_is_taken(workspace):
    files.write_text(f"dbfs:{REPORTS}/a.txt", TEXT)
    assert workspace.files == {f"{REPORTS}/a.txt": TEXT.encode()}


def test_path_out_of_its_volume_leads_nowhere_else(workspace):
    with pytest.raises(UsageError, match=r"/Volumes/main/a\.txt is in no volume"):
        files.write_text(f"{REPORTS}/../../a.txt", TEXT)


def test_missing_volume_is_named_with_what_makes_it(workspace):
    with pytest.raises(UsageError) as caught:
        files.write_text("/Volumes/main/aadsync/reprots/plan.json", TEXT)
    assert "cannot be written: Volume does not exist." in str(caught.value)
    assert "CREATE VOLUME main.aadsync.reprots makes it" in str(caught.value)


@pytest.mark.parametrize(
    ("root", "read", "write"),
    [
        (REPORTS, "needs READ VOLUME on main.aadsync.reports", "needs WRITE VOLUME on main"),
        (HOME, "needs CAN VIEW", "needs CAN EDIT"),
    ],
)
def test_missing_right_is_named(workspace, root, read, write):
    with pytest.raises(AadsyncError, match=read):
        files.read_text(f"{root}/locked/a.txt")
    with pytest.raises(AadsyncError, match=write):
        files.write_text(f"{root}/locked/a.txt", TEXT)


def test_folder_that_may_not_be_listed_is_no_empty_folder(workspace):
    with pytest.raises(AadsyncError, match="READ VOLUME"):
        files.names(f"{REPORTS}/locked")


def test_wrong_login_is_told(workspace, login):
    login.setenv("DATABRICKS_TOKEN", "of somebody else")
    with pytest.raises(CredentialError, match="Who are you"):
        files.read_text(f"{REPORTS}/a.txt")


def test_without_a_login_it_is_said_how_to_log_in(login):
    with pytest.raises(CredentialError, match="databricks auth login"):
        files.read_text(f"{REPORTS}/a.txt")


def test_other_refusal_of_the_server_is_told_as_it_is(workspace):
    with pytest.raises(AadsyncError, match=r"cannot be read: The disk is on fire\."):
        files.read_text(f"{REPORTS}/broken")


def test_mounted_volume_is_written_in_place(mounted):
    files.write_text(f"{mounted}/run=1/plan.json", TEXT)
    (mounted / "run=1/old.json").write_text("longer than what follows")
    inode = (mounted / "run=1/old.json").stat().st_ino
    files.write_text(f"{mounted}/run=1/old.json", TEXT)
    assert (mounted / "run=1/old.json").stat().st_ino == inode
    assert files.read_text(f"{mounted}/run=1/old.json") == TEXT
    assert files.names(f"{mounted}/run=1") == ("old.json", "plan.json")


def test_local_file_is_its_owners_alone_and_leaves_nothing_beside_it(tmp_path):
    files.write_text(str(tmp_path / "new/plan.json"), TEXT)
    [found] = (tmp_path / "new").iterdir()
    assert stat.S_IMODE(found.stat().st_mode) == 0o600


def test_local_file_that_cannot_be_replaced_is_left_as_it_was(tmp_path):
    (tmp_path / "plan.json").mkdir()
    with pytest.raises(UsageError, match=r"plan\.json cannot be written"):
        files.write_text(str(tmp_path / "plan.json"), TEXT)
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]


def test_link_stays_a_link(tmp_path):
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "link.json").symlink_to("real.json")
    files.write_text(str(tmp_path / "link.json"), TEXT)
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_text(encoding="utf-8") == TEXT


def test_mark_at_the_beginning_of_a_file_is_not_part_of_its_text(tmp_path):
    (tmp_path / "aadsync.yml").write_bytes(b"\xef\xbb\xbfname: contoso")
    assert files.read_text(str(tmp_path / "aadsync.yml")) == "name: contoso"


def test_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="not UTF-8"):
        files.read_text(str(tmp_path / "a.bin"))


def test_empty_path_is_refused():
    with pytest.raises(UsageError, match="empty"):
        files.read_text("")


def test_volume_and_home_folder_of_the_sandbox_are_reached(login):
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.catalog import VolumeType

    from aadsync_lib.sandbox import Sandbox, company
    from tests.workspace_lab import Workspace

    with Sandbox(company(5, 1), workspace=Workspace) as sandbox:
        login.setenv("DATABRICKS_HOST", sandbox.databricks_url)
        login.setenv("DATABRICKS_TOKEN", sandbox.databricks_token)
        client = WorkspaceClient()
        client.schemas.create("aadsync", "main")
        client.volumes.create("main", "aadsync", "reports", VolumeType.MANAGED)
        for folder in (
            f"{REPORTS}/run=1",
            f"/Workspace/Users/{client.current_user.me().user_name}",
        ):
            files.write_text(f"{folder}/a b.json", TEXT)
            assert files.names(folder) == ("a b.json",)
            assert files.read_text(f"{folder}/a b.json") == TEXT
