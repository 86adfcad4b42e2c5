"""What a notebook does: regular expressions over one file after the other, pandas, pyarrow."""

import json
import os
import re

import pandas as pd
import pyarrow as pa

import files

corpus, out, _, _ = files.arguments(["notebook"])

GROUP = re.compile(r"(.*?)\[\[(.*?)\], \[(.*?)\]\]", re.DOTALL)
LABEL = re.compile(r"([A-Z]{3})(?:-([A-Z]{3}))?")

documents, sentences, labels = [], [], []
for path in files.walk(corpus):
    with open(path, encoding="utf-8") as f:
        text = json.loads(f.read())
    document_id = os.path.basename(path).removesuffix("_annotated.txt")
    plain, end = [], 0
    for i, match in enumerate(GROUP.finditer(text)):
        sentence_id = f"{document_id}#{i:04d}"
        end = match.end()
        plain.append(match[1])
        here = []
        for layer, group in (("section", match[2]), ("aspect", match[3])):
            for label, polarity in LABEL.findall(group):
                here.append({"layer": layer, "label": label, "polarity": polarity or None})
                labels.append((sentence_id, document_id, layer, label, polarity or None))
        sentences.append((sentence_id, document_id, i, match[1].strip(), here))
    plain.append(text[end:])
    documents.append((document_id, path, "".join(plain)))

LIST = pa.list_(pa.struct([("layer", pa.string()), ("label", pa.string()), ("polarity", pa.string())]))


def write(table, rows, columns, schema=None):
    frame = pd.DataFrame(rows, columns=columns)
    frame.to_parquet(f"{out}/{table}.parquet", engine="pyarrow", compression="zstd", index=False, schema=schema)


write("documents", documents, ["document_id", "path", "text"])
write("sentences", sentences, ["sentence_id", "document_id", "sentence_index", "text", "labels"], pa.schema([
    ("sentence_id", pa.string()), ("document_id", pa.string()), ("sentence_index", pa.int32()),
    ("text", pa.string()), ("labels", LIST)]))
write("labels", labels, ["sentence_id", "document_id", "layer", "label", "polarity"])
