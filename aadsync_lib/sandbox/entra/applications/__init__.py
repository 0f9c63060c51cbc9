"""Applications of the tenant: registrations, enterprise applications, the gallery, assignments."""
