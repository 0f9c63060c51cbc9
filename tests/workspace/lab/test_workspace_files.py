"""Workspace files and notebooks through the SDK, and the import the CLI uses."""

import base64

import httpx
import pytest
from databricks.sdk.errors import BadRequest, NotFound, ResourceAlreadyExists
from databricks.sdk.service.workspace import (
    ExportFormat,
    ImportFormat,
    Language,
    ObjectType,
)

HOME = "/Users/ada@contoso.com"
NOTEBOOK = b"# Databricks notebook source\nprint(1)\n"


def upload(client, path, data, **options):
    client.workspace.upload(path, data, format=ImportFormat.AUTO, **options)


def import_file(hub, path, data, overwrite=False):
    url = f"{hub.databricks_url}/api/2.0/workspace-files/import-file{path}"
    headers = {"Authorization": f"Bearer {hub.databricks_token}"}
    query = {"overwrite": str(overwrite).lower()}
    return httpx.post(url, params=query, content=data, headers=headers)


def test_everybody_has_a_home(ada_client):
    assert ada_client.workspace.get_status(HOME).object_type == ObjectType.DIRECTORY
    assert list(ada_client.workspace.list(HOME)) == []


def test_a_file_keeps_its_name_and_every_byte(ada_client):
    data = bytes(range(256)) + b"\r\n--\r\n"
    upload(ada_client, f"{HOME}/blob.bin", data)
    assert ada_client.workspace.get_status(f"{HOME}/blob.bin").object_type == ObjectType.FILE
    assert ada_client.workspace.download(f"{HOME}/blob.bin").read() == data


@pytest.mark.parametrize(
    ("name", "data", "kept"),
    [
        ("a.py", NOTEBOOK, "a"),
        ("a.py", NOTEBOOK.replace(b"\n", b"\r\n"), "a"),
        ("a.sql", b"-- Databricks notebook source\nselect 1", "a"),
        ("a.ipynb", b"{}", "a"),
        ("a.py", b"print(1)", "a.py"),
        ("a.py", b"\n" + NOTEBOOK, "a.py"),
        ("a.py", b"# Databricks notebook source file\n", "a.py"),
        ("a.txt", NOTEBOOK, "a.txt"),
    ],
)
def test_only_the_exact_first_line_makes_a_notebook(ada_client, name, data, kept):
    upload(ada_client, f"{HOME}/{name}", data)
    (found,) = ada_client.workspace.list(HOME)
    assert found.path == f"{HOME}/{kept}"
    assert (found.object_type == ObjectType.NOTEBOOK) == (kept != name)


def test_a_notebook_keeps_its_original_name_for_running_it(hub, ada_client):
    upload(ada_client, f"{HOME}/02_plan.py", NOTEBOOK)
    upload(ada_client, f"{HOME}/lib.py", b"x = 1")
    assert hub.workspace.sources() == {
        f"/Workspace{HOME}/02_plan.py": NOTEBOOK,
        f"/Workspace{HOME}/lib.py": b"x = 1",
    }


def test_a_path_is_the_same_under_the_mount_point(ada_client):
    upload(ada_client, f"/Workspace{HOME}/a.txt", b"a")
    short = ada_client.workspace.get_status(f"{HOME}/a.txt")
    long = ada_client.workspace.get_status(f"/Workspace/{HOME}/a.txt")
    assert short.object_id == long.object_id
    assert (short.path, long.path) == (f"{HOME}/a.txt", f"/Workspace{HOME}/a.txt")
    assert [f.path for f in ada_client.workspace.list(f"/Workspace{HOME}")] == [long.path]


def test_source_imports_make_notebooks_of_any_name(ada_client):
    ada_client.workspace.upload(f"{HOME}/n", b"select 1", language=Language.SQL)
    found = ada_client.workspace.get_status(f"{HOME}/n")
    assert (found.object_type, found.language) == (ObjectType.NOTEBOOK, Language.SQL)
    content = base64.b64encode(b"print(1)").decode()
    ada_client.workspace.import_(f"{HOME}/p.py", content=content)
    exported = ada_client.workspace.export(f"{HOME}/p.py", format=ExportFormat.SOURCE)
    assert base64.b64decode(exported.content) == b"print(1)"
    assert exported.file_type == "py"


def test_imports_that_make_no_sense_are_refused(ada_client):
    with pytest.raises(BadRequest, match="language is required"):
        ada_client.workspace.import_(f"{HOME}/n", content="")
    with pytest.raises(BadRequest, match="not base64"):
        ada_client.workspace.import_(f"{HOME}/n", content="?", format=ImportFormat.AUTO)
    with pytest.raises(BadRequest, match="not DBC"):
        ada_client.workspace.import_(f"{HOME}/n", content="", format=ImportFormat.DBC)
    with pytest.raises(BadRequest, match="not absolute"):
        ada_client.workspace.get_status("../etc")


def test_a_file_needs_its_folder(hub):
    answer = import_file(hub, "/Workspace/Shared/x/a.txt", b"a")
    assert answer.status_code == 404
    assert answer.json()["message"] == "The parent folder (/Workspace/Shared/x) does not exist."
    import_file(hub, "/Workspace/Shared/file", b"")
    assert import_file(hub, "/Workspace/Shared/file/a.txt", b"a").status_code == 404


def test_an_import_replaces_only_when_told(hub, admin_client):
    path = "/Workspace/Shared/a.txt"
    assert import_file(hub, path, b"1").is_success
    before = admin_client.workspace.get_status(path).object_id
    refused = import_file(hub, path, b"2")
    assert (refused.status_code, refused.json()["error_code"]) == (409, "RESOURCE_ALREADY_EXISTS")
    assert import_file(hub, path, b"2", overwrite=True).is_success
    assert admin_client.workspace.download(path).read() == b"2"
    assert admin_client.workspace.get_status(path).object_id == before


def test_a_notebook_that_exists_is_a_bad_request(hub):
    path = "/Workspace/Shared/a.py"
    assert import_file(hub, path, NOTEBOOK).is_success
    refused = import_file(hub, path, NOTEBOOK)
    assert refused.status_code == 400
    assert refused.json()["message"].endswith("already exists.")


def test_an_object_does_not_change_its_type(hub):
    assert import_file(hub, "/Shared/a", b"").is_success
    refused = import_file(hub, "/Shared/a.py", NOTEBOOK, overwrite=True)
    assert (refused.status_code, "node type" in refused.json()["message"]) == (400, True)


def test_files_are_read_by_path(hub):
    import_file(hub, "/Shared/a.txt", b"a")
    url = f"{hub.databricks_url}/api/2.0/workspace-files"
    headers = {"Authorization": f"Bearer {hub.databricks_token}"}
    assert httpx.get(f"{url}/Shared/a.txt", headers=headers).content == b"a"
    assert httpx.get(f"{url}/Shared/b.txt", headers=headers).status_code == 404
    assert httpx.get(f"{url}/Shared", headers=headers).status_code == 400


def test_folders_are_made_with_those_above_them(ada_client):
    ada_client.workspace.mkdirs(f"{HOME}/a/b/c")
    ada_client.workspace.mkdirs(f"{HOME}/a/b")
    found = ada_client.workspace.list(HOME, recursive=True)
    assert list(found) == []
    assert [f.path for f in ada_client.workspace.list(f"{HOME}/a")] == [f"{HOME}/a/b"]
    upload(ada_client, f"{HOME}/f", b"")
    with pytest.raises(ResourceAlreadyExists):
        ada_client.workspace.mkdirs(f"{HOME}/f")


def test_a_file_lists_itself(ada_client):
    upload(ada_client, f"{HOME}/f", b"abc")
    (found,) = ada_client.workspace.list(f"{HOME}/f")
    assert (found.path, found.size) == (f"{HOME}/f", 3)


def test_a_full_folder_is_deleted_only_recursively(ada_client):
    ada_client.workspace.mkdirs(f"{HOME}/a/b")
    with pytest.raises(BadRequest, match="not empty"):
        ada_client.workspace.delete(f"{HOME}/a")
    ada_client.workspace.mkdirs(f"{HOME}/ab")
    ada_client.workspace.delete(f"{HOME}/a", recursive=True)
    assert [f.path for f in ada_client.workspace.list(HOME)] == [f"{HOME}/ab"]


def test_what_is_not_there_is_not_found(ada_client):
    for call in (ada_client.workspace.get_status, ada_client.workspace.delete):
        with pytest.raises(NotFound, match="doesn't exist"):
            call(f"{HOME}/gone")


def test_the_roots_stay(ada_client):
    with pytest.raises(BadRequest, match="protected"):
        ada_client.workspace.delete("/Users", recursive=True)


def test_source_imports_replace_only_when_told(ada_client):
    ada_client.workspace.upload(f"{HOME}/n", b"1", language=Language.PYTHON)
    with pytest.raises(ResourceAlreadyExists):
        ada_client.workspace.upload(f"{HOME}/n", b"2", language=Language.PYTHON)
    ada_client.workspace.upload(f"{HOME}/n", b"2", language=Language.PYTHON, overwrite=True)
    assert ada_client.workspace.download(f"{HOME}/n").read() == b"2"
