"""What the scripts share: the command line, and the list of a corpus's files."""

import argparse
import os
import sys


def arguments(forms, idle=()):
    """The corpus, the empty folder for the tables, and which form to run: a
    base form, and variations of it behind plus signs. The first is the default;
    those that are idle write no tables. --forms lists the others instead."""
    if sys.argv[1:] == ["--forms"]:
        print("\n".join(forms))
        sys.exit()
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus")
    parser.add_argument("out")
    parser.add_argument("--form", default=forms[0])
    args = parser.parse_args()
    if args.form not in (*forms, *idle):
        parser.error(f"--form is one of {', '.join((*forms, *idle))}")
    base, *variations = args.form.split("+")
    return args.corpus, args.out, base, variations


def walk(corpus):
    """The documents of a corpus, in no order."""
    found = []
    for folder, _, names in os.walk(corpus):
        found += [f"{folder}/{name}" for name in names if name.endswith(".txt")]
    return found
