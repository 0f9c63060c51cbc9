"""Entra's gallery connector and the app registration of aadsync, automated through Microsoft Graph."""
