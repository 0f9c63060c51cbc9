terraform {
  required_providers {
    databricks = {
      source = "databricks/databricks"
    }
  }
}

variable "account_host" {}
variable "account_id" {}
variable "account_token" {}
variable "hub_host" {}
variable "hub_token" {}
variable "hub_id" {}
variable "sales_host" {}
variable "sales_token" {}
variable "application_id" {}
variable "changed" {
  type    = bool
  default = false
}

provider "databricks" {
  alias      = "account"
  host       = var.account_host
  account_id = var.account_id
  token      = var.account_token
}

provider "databricks" {
  alias = "hub"
  host  = var.hub_host
  token = var.hub_token
}

provider "databricks" {
  alias = "sales"
  host  = var.sales_host
  token = var.sales_token
}

# The account: people, applications, nested groups.

resource "databricks_user" "ada" {
  provider     = databricks.account
  user_name    = "ada@contoso.com"
  display_name = var.changed ? "Ada King" : "Ada Lovelace"
}

resource "databricks_service_principal" "etl" {
  provider       = databricks.account
  application_id = var.application_id
  display_name   = "etl"
}

resource "databricks_group" "data" {
  provider     = databricks.account
  display_name = var.changed ? "Data and AI" : "Data"
}

resource "databricks_group" "inner" {
  provider     = databricks.account
  display_name = "Inner"
}

resource "databricks_group_member" "ada" {
  provider  = databricks.account
  group_id  = databricks_group.data.id
  member_id = databricks_user.ada.id
}

resource "databricks_group_member" "etl" {
  count     = var.changed ? 0 : 1
  provider  = databricks.account
  group_id  = databricks_group.data.id
  member_id = databricks_service_principal.etl.id
}

resource "databricks_group_member" "inner" {
  provider  = databricks.account
  group_id  = databricks_group.data.id
  member_id = databricks_group.inner.id
}

# Assignment to a federated workspace, from both hosts, and entitlements there.

resource "databricks_mws_permission_assignment" "data" {
  provider     = databricks.account
  workspace_id = var.hub_id
  principal_id = databricks_group.data.id
  permissions  = [var.changed ? "ADMIN" : "USER"]
}

resource "databricks_permission_assignment" "ada" {
  provider    = databricks.hub
  user_name   = databricks_user.ada.user_name
  permissions = ["ADMIN"]
}

resource "databricks_entitlements" "data" {
  provider              = databricks.hub
  group_id              = databricks_group.data.id
  workspace_access      = true
  databricks_sql_access = !var.changed
  depends_on            = [databricks_mws_permission_assignment.data]
}

# A workspace without federation.

resource "databricks_user" "bob" {
  provider  = databricks.sales
  user_name = "bob@contoso.com"
}

resource "databricks_group" "team" {
  provider             = databricks.sales
  display_name         = "Team"
  allow_cluster_create = !var.changed
}

resource "databricks_group" "local" {
  provider     = databricks.sales
  display_name = "Inner"
}

resource "databricks_group_member" "bob" {
  provider  = databricks.sales
  group_id  = databricks_group.team.id
  member_id = databricks_user.bob.id
}

resource "databricks_group_member" "local" {
  count     = var.changed ? 0 : 1
  provider  = databricks.sales
  group_id  = databricks_group.team.id
  member_id = databricks_group.local.id
}
