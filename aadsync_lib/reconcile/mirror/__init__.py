"""Plans from a mirror of both sides, brought up to date by what Entra announces."""
