"""Azure Key Vault: vaults with secrets, served by their real names through a loopback proxy."""
