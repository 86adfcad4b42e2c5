"""Writes Quern's tables again with DuckDB, the same columns and rows, zstd: prints
the bytes of each table."""

import json
import os
import sys

import duckdb

snapshot, out = sys.argv[1:]
db = duckdb.connect()
sizes = {}
for table in ("documents", "sentences", "labels"):
    target = f"{out}/{table}.parquet"
    db.execute(f"COPY (FROM '{snapshot}/{table}/*.parquet') TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
    sizes[table] = os.path.getsize(target)
print(json.dumps(sizes))
