"""The scope in Entra, read through Microsoft Graph into a snapshot."""
