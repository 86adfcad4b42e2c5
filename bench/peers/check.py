"""Sums up the tables of a run, so that those of two can be compared: prints JSON.

Hashes are added up, so that the order of the rows does not matter. The ids of
Quern begin with the name of the corpus, which the others leave out.
"""

import json
import sys

import duckdb

documents, sentences, labels = sys.argv[1:]
db = duckdb.connect()
db.execute("SET preserve_insertion_order = false")


def row(query):
    return [int(x or 0) for x in db.execute(query).fetchone()]


def short(column):
    return f"split_part({column}, '/', -1)"


d = row(f"SELECT count(*), sum(length(text)), sum(hash({short('document_id')}, text)) FROM '{documents}'")
s = row(f"SELECT count(*), sum(len(labels)), sum(hash({short('sentence_id')}, labels::VARCHAR)) FROM '{sentences}'")
l = row(f"SELECT count(*), sum(hash({short('sentence_id')}, layer, label, polarity)) FROM '{labels}'")
print(json.dumps({
    "documents": d[0], "sentences": s[0], "labels": l[0], "labels in lists": s[1], "characters": d[1],
    "hash of texts": str(d[2]), "hash of lists": str(s[2]), "hash of labels": str(l[1]),
}))
