"""What is remembered on the hot path: named SQL, partitions, batching, leases, outbox.

`network` runs these statements on asyncpg, `business` on psycopg; neither writes SQL of its own
for the hot tables, and this package knows neither Django nor Diameter.
"""
