"""Memory of a tenant besides its directory: applications, the provisioning service, switches."""
