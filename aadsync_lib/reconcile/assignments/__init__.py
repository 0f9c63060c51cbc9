"""Access to workspaces: assignments and entitlements, compared and taken back."""
