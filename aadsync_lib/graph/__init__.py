"""Transport to Microsoft Graph: requests, batches, pages, pacing and errors."""
