"""What tests stand on: a PostgreSQL per run, a database per test, a travelling clock, a world."""
