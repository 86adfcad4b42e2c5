"""DuckDB reads every file, splits the text at the brackets and writes three tables."""

import duckdb

import files

# Base forms: what is kept between the three tables.
#   tables   documents and sentences in temporary tables, each computed once
#   structs  as tables, but a row's sentences are built by list functions, and
#            unnested when they are finished
#   documents  the split documents in a temporary table, sentences computed twice
#   copies   nothing: three statements that each read all files
#   regex    as tables, with regular expressions in place of splits
# Variations:
#   glob     read_text is given a pattern instead of a list of files
#   order    rows keep the order of the files, which is DuckDB's default
#   threads2 two threads, whatever the machine has
#   json     files are read by the JSON reader
#   level3   zstd at level 3, which is DuckDB's default, instead of 1
FORMS = [
    "tables", "structs", "documents", "copies", "regex",
    "tables+glob", "tables+order", "tables+threads2", "tables+json", "tables+level3",
]

corpus, out, form, variations = files.arguments(FORMS)
db = duckdb.connect()
if "order" not in variations:
    db.execute("SET preserve_insertion_order = false")
if "threads2" in variations:
    db.execute("SET threads = 2")

if "glob" in variations:
    source = "'" + corpus.replace("'", "''") + "/**/*.txt'"
else:
    db.execute("SET VARIABLE files = ?", [files.walk(corpus)])
    source = "getvariable('files')"
if "json" in variations:
    source = f"(SELECT filename, json AS content FROM read_json_objects({source}, format = 'unstructured', filename = true))"
else:
    source = f"read_text({source})"

READ = f"""
    SELECT parse_filename(filename)[:-15] AS document_id, filename AS path, content::JSON->>'$' AS text
    FROM {source}"""  # 15 is the length of _annotated.txt and one more

SPLIT = f"SELECT document_id, path, string_split(text, ']]') AS parts FROM ({READ})"


def labels(layer, which):
    """The labels of one bracketed list. What stands behind POS, NEG or NEU was never typed."""
    return f"""list_transform(
        list_filter(string_split({which}, ','), lambda x: x <> 'null'),
        lambda x: {{'layer': '{layer}', 'label': x[:3], 'polarity': nullif(x[5:], '')}})"""


LABELS = labels("section", "split_part(g, '], [', 1)") + " || " + labels("aspect", "split_part(g, '], [', 2)")


def sentences(documents):
    return f"""
        SELECT format('{{}}#{{:04d}}', document_id, i) AS sentence_id, document_id, i::INTEGER AS sentence_index,
            trim(t, E' \\n') AS text, {LABELS} AS labels
        FROM (
            SELECT document_id, i, split_part(part, '[[', 1) AS t, split_part(part, '[[', 2) AS g
            FROM (
                SELECT document_id, unnest(parts[:-2]) AS part, generate_subscripts(parts[:-2], 1) - 1 AS i
                FROM {documents}))"""


def structs(documents):
    return f"""
        SELECT format('{{}}#{{:04d}}', document_id, s.i) AS sentence_id, document_id, s.i AS sentence_index,
            s.text, s.labels
        FROM (
            SELECT document_id, unnest(list_transform(parts[:-2], lambda p, i: {{
                'i': (i - 1)::INTEGER,
                'text': trim(split_part(p, '[[', 1), E' \\n'),
                'labels': {LABELS.replace("(g,", "(split_part(p, '[[', 2),")}}})) AS s
            FROM {documents})"""


def regex(documents):
    return f"""
        SELECT format('{{}}#{{:04d}}', document_id, i) AS sentence_id, document_id, i::INTEGER AS sentence_index,
            trim(t, E' \\n') AS text, {LABELS} AS labels
        FROM (
            SELECT document_id,
                unnest(regexp_extract_all(text, '(?s)(.*?)\\[\\[.*?\\]\\]', 1)) AS t,
                unnest(regexp_extract_all(text, '\\[\\[(.*?)\\]\\]', 1)) AS g,
                generate_subscripts(regexp_extract_all(text, '\\[\\[', 0), 1) - 1 AS i
            FROM {documents})"""


def documents(split):
    return f"""
        SELECT document_id, path,
            array_to_string(list_transform(parts, lambda p: split_part(p, '[[', 1)), '') AS text
        FROM {split}"""


def label_rows(sentences):
    return f"""
        SELECT sentence_id, document_id, l.layer, l.label, l.polarity
        FROM (SELECT sentence_id, document_id, unnest(labels) AS l FROM {sentences})"""


level = 3 if "level3" in variations else 1


def copy(table, query):
    db.execute(f"COPY ({query}) TO '{out}/{table}.parquet' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL {level})")


if form == "copies":
    copy("documents", documents(f"({SPLIT})"))
    copy("sentences", sentences(f"({SPLIT})"))
    copy("labels", label_rows("(" + sentences(f"({SPLIT})") + ")"))
elif form == "documents":
    db.execute(f"CREATE TEMP TABLE d AS {SPLIT}")
    copy("documents", documents("d"))
    copy("sentences", sentences("d"))
    copy("labels", label_rows("(" + sentences("d") + ")"))
elif form == "regex":
    db.execute(f"CREATE TEMP TABLE d AS {READ}")
    db.execute(f"CREATE TEMP TABLE s AS {regex('d')}")
    copy("documents", "SELECT document_id, path, regexp_replace(text, '\\[\\[.*?\\]\\]', '', 'g') AS text FROM d")
    copy("sentences", "FROM s")
    copy("labels", label_rows("s"))
else:
    db.execute(f"CREATE TEMP TABLE d AS {SPLIT}")
    db.execute("CREATE TEMP TABLE s AS " + (structs if form == "structs" else sentences)("d"))
    copy("documents", documents("d"))
    copy("sentences", "FROM s")
    copy("labels", label_rows("s"))
