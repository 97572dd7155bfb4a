"""What runs the app: the server, its guards, what the browser fetches, and jobs in the background."""
