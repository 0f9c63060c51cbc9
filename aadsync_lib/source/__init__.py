"""Microsoft Graph: the scope in Entra, read into a snapshot."""
