"""What a store tells of past runs, as text, Markdown and JSON."""
