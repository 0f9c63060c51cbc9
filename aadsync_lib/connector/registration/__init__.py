"""The app registration that aadsync logs in to Entra with: permissions, consent, credential."""
