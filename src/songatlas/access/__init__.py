"""Who may enter the app: a shared password, or a login elsewhere; what command line and app need of both."""
