"""Plans and runs of connectors, as JSON and as documents."""
