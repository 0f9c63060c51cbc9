"""Unity Catalog through the SDK: schemas, volumes, grants, and the files on volumes."""

import io

import httpx
import pytest
from databricks.sdk.dbutils import RemoteDbUtils
from databricks.sdk.errors import AlreadyExists, BadRequest, NotFound
from databricks.sdk.service.catalog import PermissionsChange, Privilege, VolumeType

REPORTS = "/Volumes/main/aadsync/reports"


@pytest.fixture
def schema(admin_client):
    return admin_client.schemas.create("AadSync", "main", comment="state")


@pytest.fixture
def files(admin_client, schema):
    admin_client.volumes.create("main", "aadsync", "reports", VolumeType.MANAGED)
    return admin_client.files


def test_a_schema_has_a_lower_case_name_and_an_owner(admin_client, schema, hub):
    got = admin_client.schemas.get("main.aadsync")
    assert (got.full_name, got.comment, got.owner) == ("main.aadsync", "state", hub.client_id)
    assert got.as_dict() == schema.as_dict()
    assert [s.name for s in admin_client.schemas.list("main")] == ["aadsync"]


def test_a_schema_is_changed_and_deleted(admin_client, schema):
    admin_client.schemas.update("main.aadsync", comment="other", owner="ops")
    got = admin_client.schemas.get("main.aadsync")
    assert (got.comment, got.owner) == ("other", "ops")
    with pytest.raises(BadRequest, match="does not rename"):
        admin_client.schemas.update("main.aadsync", new_name="x")
    admin_client.schemas.delete("main.aadsync")
    with pytest.raises(NotFound, match=r"Schema 'main\.aadsync' does not exist"):
        admin_client.schemas.get("main.aadsync")


def test_a_schema_is_made_once_and_in_a_catalog_that_exists(admin_client, schema):
    with pytest.raises(BadRequest, match="already exists"):
        admin_client.schemas.create("aadsync", "main")
    with pytest.raises(NotFound, match="Catalog 'nope' does not exist"):
        admin_client.schemas.create("aadsync", "nope")


def test_there_are_catalogs_to_begin_with(admin_client):
    assert {c.name for c in admin_client.catalogs.list()} == {"main", "spark_catalog"}
    assert admin_client.catalogs.get("main").full_name == "main"


def test_a_volume_belongs_to_a_schema(admin_client, files):
    got = admin_client.volumes.read("main.aadsync.reports")
    assert (got.volume_type, got.schema_name) == (VolumeType.MANAGED, "aadsync")
    assert [v.name for v in admin_client.volumes.list("main", "aadsync")] == ["reports"]
    assert admin_client.volumes.update("main.aadsync.reports", comment="c").comment == "c"
    with pytest.raises(BadRequest, match="already exists"):
        admin_client.volumes.create("main", "aadsync", "reports", VolumeType.MANAGED)
    with pytest.raises(BadRequest, match="MANAGED volumes alone"):
        admin_client.volumes.create("main", "aadsync", "x", VolumeType.EXTERNAL)
    with pytest.raises(NotFound):
        admin_client.volumes.create("main", "other", "reports", VolumeType.MANAGED)


def test_a_schema_takes_its_volumes_along_only_by_force(admin_client, files):
    files.upload(f"{REPORTS}/a", io.BytesIO(b"1"))
    with pytest.raises(BadRequest, match="is not empty"):
        admin_client.schemas.delete("main.aadsync")
    admin_client.schemas.delete("main.aadsync", force=True)
    with pytest.raises(NotFound):
        admin_client.volumes.read("main.aadsync.reports")
    with pytest.raises(NotFound, match=r"Volume 'main\.aadsync\.reports' does not exist"):
        files.download(f"{REPORTS}/a")


def grant(client, principal, add=(), remove=()):
    change = PermissionsChange(principal=principal, add=list(add), remove=list(remove))
    client.grants.update("schema", "main.aadsync", changes=[change])
    held = client.grants.get("schema", "main.aadsync").privilege_assignments or []
    return {a.principal: set(a.privileges) for a in held}


def test_grants_add_up_and_are_taken_away(admin_client, schema):
    use, select = Privilege.USE_SCHEMA, Privilege.SELECT
    assert grant(admin_client, "ops", [use]) == {"ops": {use}}
    assert grant(admin_client, "ops", [select]) == {"ops": {use, select}}
    assert grant(admin_client, "ada", [use], [select])["ada"] == {use}
    assert grant(admin_client, "ops", (), [use])["ops"] == {select}
    assert grant(admin_client, "ops", (), [Privilege.ALL_PRIVILEGES]) == {"ada": {use}}


def test_grants_that_make_no_sense_are_refused(admin_client, schema):
    with pytest.raises(BadRequest, match="to add and delete"):
        grant(admin_client, "ops", [Privilege.SELECT], [Privilege.SELECT])
    with pytest.raises(NotFound):
        admin_client.grants.get("volume", "main.aadsync.reports")
    with pytest.raises(BadRequest, match="no securable of type table"):
        admin_client.grants.get("table", "main.aadsync.runs")


def test_a_file_on_a_volume_comes_back(files):
    data = bytes(range(256)) * 10
    files.upload(f"{REPORTS}/run=1/report.html", io.BytesIO(data))
    assert files.download(f"{REPORTS}/run=1/report.html").contents.read() == data
    assert files.get_metadata(f"{REPORTS}/run=1/report.html").content_length == len(data)
    files.get_directory_metadata(f"{REPORTS}/run=1")


def test_dbutils_writes_to_a_volume(files, admin_client):
    RemoteDbUtils(admin_client.config).fs.put(f"{REPORTS}/a.txt", "abc")
    assert files.download(f"{REPORTS}/a.txt").contents.read() == b"abc"


def test_a_file_is_replaced_only_when_told(files):
    files.upload(f"{REPORTS}/a", io.BytesIO(b"1"))
    with pytest.raises(AlreadyExists):
        files.upload(f"{REPORTS}/a", io.BytesIO(b"2"), overwrite=False)
    files.upload(f"{REPORTS}/a", io.BytesIO(b"2"), overwrite=True)
    assert files.download(f"{REPORTS}/a").contents.read() == b"2"


def test_a_part_of_a_file_is_sent_when_asked_for(files, hub):
    files.upload(f"{REPORTS}/a", io.BytesIO(b"0123456789"))
    headers = {"Authorization": f"Bearer {hub.databricks_token}", "Range": "bytes=4-"}
    answer = httpx.get(f"{hub.databricks_url}/api/2.0/fs/files{REPORTS}/a", headers=headers)
    assert (answer.status_code, answer.content) == (206, b"456789")
    assert answer.headers["Content-Range"] == "bytes 4-9/10"


def test_folders_are_listed_in_pages(files):
    files.create_directory(f"{REPORTS}/d/e")
    for name in ("a", "b", "c"):
        files.upload(f"{REPORTS}/{name}", io.BytesIO(b"1"))
    listed = list(files.list_directory_contents(REPORTS, page_size=3))
    assert [(e.name, e.is_directory) for e in listed] == [
        ("a", False), ("b", False), ("c", False), ("d", True)
    ]  # fmt: skip


def test_what_is_deleted_is_gone(files):
    files.upload(f"{REPORTS}/d/a", io.BytesIO(b"1"))
    with pytest.raises(BadRequest, match="not empty"):
        files.delete_directory(f"{REPORTS}/d")
    files.delete(f"{REPORTS}/d/a")
    files.delete_directory(f"{REPORTS}/d")
    for call in (files.delete, files.get_metadata, files.get_directory_metadata):
        with pytest.raises(NotFound):
            call(f"{REPORTS}/d")


def test_a_file_and_a_folder_do_not_replace_each_other(files):
    files.upload(f"{REPORTS}/a", io.BytesIO(b"1"))
    files.create_directory(f"{REPORTS}/d")
    with pytest.raises(AlreadyExists):
        files.create_directory(f"{REPORTS}/a")
    with pytest.raises(AlreadyExists):
        files.upload(f"{REPORTS}/d", io.BytesIO(b"1"), overwrite=True)


def test_paths_off_the_volumes_are_refused(files):
    with pytest.raises(BadRequest, match="is not on a volume"):
        files.create_directory("/Volumes/main/aadsync")
    with pytest.raises(BadRequest, match="is a volume"):
        files.delete_directory(REPORTS)
    with pytest.raises(NotFound, match=r"Volume 'main\.aadsync\.other' does not exist"):
        files.create_directory("/Volumes/main/aadsync/other/x")
