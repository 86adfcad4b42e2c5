"""Writes Quern's tables again with DuckDB: the same columns and rows in the same
order, as many rows in a row group, zstd at the level given. Prints for each table
the form that made the smallest file, and its bytes."""

import json
import os
import sys

import duckdb

# Row groups of a million rows made sentences and labels 1 to 2% smaller, and higher
# limits on dictionaries made all tables larger.
FORMS = {"version 1 pages": "PARQUET_VERSION v1", "version 2 pages": "PARQUET_VERSION v2"}
ROWS = 122880  # DuckDB's default, and Quern's

snapshot, out, level = sys.argv[1:]
db = duckdb.connect()
sizes = {}
for table in ("documents", "sentences", "labels"):
    for form, setting in FORMS.items():
        target = f"{out}/{table}.parquet"
        db.execute(f"COPY (FROM '{snapshot}/{table}/*.parquet') TO '{target}' "
                   f"(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL {level}, ROW_GROUP_SIZE {ROWS}, {setting})")
        size = os.path.getsize(target)
        if table not in sizes or size < sizes[table]["bytes"]:
            sizes[table] = {"form": form, "bytes": size}
print(json.dumps(sizes))
