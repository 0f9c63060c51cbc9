"""The provisioning service of the tenant: jobs, credentials, mappings, cycles, its log."""
