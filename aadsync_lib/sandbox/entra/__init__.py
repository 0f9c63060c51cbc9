"""Microsoft Entra ID: its directory, Microsoft Graph v1.0 and the token endpoints."""
