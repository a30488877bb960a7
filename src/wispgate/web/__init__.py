"""What people and programs see: the API, the console, later the portal and TM Forum's APIs."""
