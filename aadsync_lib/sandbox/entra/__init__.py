"""Microsoft Entra ID: its directory, Microsoft Graph and the token endpoints."""
