"""The Entra gallery connector, automated."""
