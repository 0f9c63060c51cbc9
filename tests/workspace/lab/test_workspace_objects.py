"""Dashboards, alerts, warehouses and permissions through the SDK."""

import json

import pytest
from databricks.sdk.errors import Aborted, AlreadyExists, BadRequest, NotFound
from databricks.sdk.service.dashboards import Dashboard
from databricks.sdk.service.iam import AccessControlRequest, PermissionLevel
from databricks.sdk.service.sql import (
    AlertV2,
    AlertV2Evaluation,
    AlertV2OperandColumn,
    ComparisonOperator,
    CronSchedule,
)

CONTENT = {"datasets": [{"name": "runs"}], "pages": [{"name": "p"}]}


@pytest.fixture
def warehouse(admin_client):
    (found,) = admin_client.warehouses.list()
    return found


@pytest.fixture
def draft(admin_client):
    wanted = Dashboard(display_name="Runs", serialized_dashboard=json.dumps(CONTENT))
    return admin_client.lakeview.create(wanted)


def test_there_is_one_warehouse(admin_client, warehouse):
    assert warehouse.name == "Serverless Starter Warehouse"
    assert admin_client.warehouses.get(warehouse.id).name == warehouse.name
    with pytest.raises(NotFound):
        admin_client.warehouses.get("other")


def test_a_dashboard_is_an_object_in_its_folder(admin_client, draft, hub):
    path = f"/Users/{hub.client_id}/Runs.lvdash.json"
    assert draft.path == path
    assert admin_client.workspace.get_status(path).resource_id == draft.dashboard_id
    assert [d.dashboard_id for d in admin_client.lakeview.list()] == [draft.dashboard_id]
    admin_client.lakeview.trash(draft.dashboard_id)
    for call, key in ((admin_client.lakeview.get, draft.dashboard_id),
                      (admin_client.workspace.get_status, path)):  # fmt: skip
        with pytest.raises(NotFound):
            call(key)


def test_a_dashboard_is_kept_with_page_types_and_data_set_names(admin_client):
    wanted = Dashboard(display_name="Runs", serialized_dashboard=json.dumps(CONTENT))
    made = admin_client.lakeview.create(wanted, dataset_catalog="main", dataset_schema="aadsync")
    kept = json.loads(admin_client.lakeview.get(made.dashboard_id).serialized_dashboard)
    assert kept["datasets"] == [{"name": "runs", "catalog": "main", "schema": "aadsync"}]
    assert kept["pages"] == [{"name": "p", "pageType": "PAGE_TYPE_CANVAS"}]


def test_a_dashboard_changed_by_another_is_not_overwritten(admin_client, draft):
    newer = admin_client.lakeview.update(draft.dashboard_id, Dashboard(display_name="New"))
    assert newer.path.endswith("/New.lvdash.json")
    assert newer.etag != draft.etag
    with pytest.raises(Aborted):
        admin_client.lakeview.update(draft.dashboard_id, draft)
    changed = Dashboard(serialized_dashboard="{}", etag=newer.etag, warehouse_id="w")
    assert admin_client.lakeview.update(draft.dashboard_id, changed).warehouse_id == "w"


def test_publishing_is_apart_from_the_draft(admin_client, draft):
    with pytest.raises(NotFound):
        admin_client.lakeview.get_published(draft.dashboard_id)
    admin_client.lakeview.publish(draft.dashboard_id, warehouse_id="w")
    published = admin_client.lakeview.get_published(draft.dashboard_id)
    assert (published.display_name, published.warehouse_id) == ("Runs", "w")
    assert published.revision_create_time >= draft.update_time
    admin_client.lakeview.unpublish(draft.dashboard_id)
    with pytest.raises(NotFound):
        admin_client.lakeview.get_published(draft.dashboard_id)


def test_dashboards_that_make_no_sense_are_refused(admin_client, draft):
    with pytest.raises(AlreadyExists):
        admin_client.lakeview.create(Dashboard(display_name="Runs"))
    with pytest.raises(NotFound, match=r"Path \(/Shared/x\) doesn't exist"):
        admin_client.lakeview.create(Dashboard(display_name="R", parent_path="/Shared/x"))
    for content in ("?", "[]"):
        wanted = Dashboard(display_name="R", serialized_dashboard=content)
        with pytest.raises(BadRequest):
            admin_client.lakeview.create(wanted)


def alert(warehouse, **more):
    return AlertV2(
        display_name="stale",
        query_text="select 1 as n",
        warehouse_id=warehouse,
        evaluation=AlertV2Evaluation(AlertV2OperandColumn("n"), ComparisonOperator.GREATER_THAN),
        schedule=CronSchedule(quartz_cron_schedule="0 0 * * * ?", timezone_id="UTC"),
        **more,
    )


def test_an_alert_is_made_changed_and_trashed(admin_client, warehouse, hub):
    made = admin_client.alerts_v2.create_alert(alert(warehouse.id))
    assert made.owner_user_name == hub.client_id
    changed = alert(warehouse.id, custom_summary="s")
    changed.display_name = "older"
    admin_client.alerts_v2.update_alert(made.id, changed, "custom_summary")
    got = admin_client.alerts_v2.get_alert(made.id)
    assert (got.display_name, got.custom_summary) == ("stale", "s")
    admin_client.alerts_v2.update_alert(made.id, alert(warehouse.id), "*")
    assert admin_client.alerts_v2.get_alert(made.id).custom_summary is None
    assert [a.id for a in admin_client.alerts_v2.list_alerts()] == [made.id]
    admin_client.alerts_v2.trash_alert(made.id)
    with pytest.raises(NotFound):
        admin_client.alerts_v2.get_alert(made.id)


def test_an_alert_needs_a_query_a_schedule_and_a_warehouse(admin_client, warehouse):
    unfinished = alert(warehouse.id)
    unfinished.query_text = None
    with pytest.raises(BadRequest, match="query_text"):
        admin_client.alerts_v2.create_alert(unfinished)
    timeless = alert(warehouse.id)
    timeless.schedule = CronSchedule("0 0 * * * ?", timezone_id="")
    with pytest.raises(BadRequest, match="timezone_id"):
        admin_client.alerts_v2.create_alert(timeless)
    with pytest.raises(BadRequest, match="no warehouse other"):
        admin_client.alerts_v2.create_alert(alert("other"))


class TestPermissions:
    @pytest.fixture
    def job(self, admin_client):
        return str(admin_client.jobs.create(name="j").job_id)

    def held(self, permissions):
        """Direct permissions by principal."""
        return {
            entry.display_name: permission.permission_level
            for entry in permissions.access_control_list
            for permission in entry.all_permissions
            if not permission.inherited
        }

    def test_the_creator_owns_a_job_and_admins_manage_it(self, hub, admin_client, job):
        found = admin_client.permissions.get("jobs", job)
        assert self.held(found) == {hub.client_id: PermissionLevel.IS_OWNER}
        inherited = found.access_control_list[-1]
        assert (inherited.group_name, inherited.all_permissions[0].inherited) == ("admins", True)

    def test_updating_adds_and_setting_replaces(self, hub, admin_client, job):
        view = AccessControlRequest(group_name="ops", permission_level=PermissionLevel.CAN_VIEW)
        own = AccessControlRequest(
            user_name="ada@contoso.com", permission_level=PermissionLevel.IS_OWNER
        )
        added = admin_client.permissions.update("jobs", job, access_control_list=[view])
        assert self.held(added).keys() == {hub.client_id, "ops"}
        replaced = admin_client.permissions.set("jobs", job, access_control_list=[own])
        assert self.held(replaced) == {"ada@contoso.com": PermissionLevel.IS_OWNER}
        with pytest.raises(BadRequest, match="exactly one owner"):
            admin_client.permissions.set("jobs", job, access_control_list=[view])

    def test_levels_depend_on_the_type(self, admin_client, job):
        read = AccessControlRequest(group_name="ops", permission_level=PermissionLevel.CAN_READ)
        with pytest.raises(BadRequest, match="CAN_READ is not one of CAN_VIEW"):
            admin_client.permissions.update("jobs", job, access_control_list=[read])
        nobody = AccessControlRequest(permission_level=PermissionLevel.CAN_VIEW)
        with pytest.raises(BadRequest, match="is required"):
            admin_client.permissions.update("jobs", job, access_control_list=[nobody])

    def test_folders_files_dashboards_and_alerts_have_permissions(
        self, admin_client, draft, warehouse
    ):
        made = admin_client.alerts_v2.create_alert(alert(warehouse.id))
        folder = admin_client.workspace.get_status("/Shared").object_id
        read = AccessControlRequest(group_name="ops", permission_level=PermissionLevel.CAN_READ)
        for kind, key in (
            ("directories", str(folder)),
            ("dashboards", draft.dashboard_id),
            ("alertsv2", made.id),
        ):
            found = admin_client.permissions.set(kind, key, access_control_list=[read])
            assert self.held(found) == {"ops": PermissionLevel.CAN_READ}

    def test_what_is_not_there_has_none(self, admin_client):
        with pytest.raises(NotFound, match="job 1 does not exist"):
            admin_client.permissions.get("jobs", "1")
        with pytest.raises(BadRequest, match="no permissions on clusters"):
            admin_client.permissions.get("clusters", "1")
