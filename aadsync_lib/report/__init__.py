"""Plans and runs, told to people and to machines."""
