#!/bin/sh
# Runs the Go benchmarks of the working tree and of the last tag in turns, on one
# core, and compares the two. BENCHCOUNT is how often each runs, BENCHPATTERN
# which, BENCHTIME for how long, BENCHPACKAGES in which packages.
set -eu
count=${BENCHCOUNT:-6}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

bench() { # bench FOLDER FILE: one more round there
	(cd "$1" && go test -run '^$' -bench "${BENCHPATTERN:-.}" -benchmem -cpu 1 \
		-benchtime "${BENCHTIME:-1s}" ${BENCHPACKAGES:-./...}) >"$work/out" || { cat "$work/out" >&2; exit 1; }
	grep -v '^?\|no test files' "$work/out" >>"$2"
}

if tag=$(git describe --tags --abbrev=0 2>/dev/null); then
	mkdir "$work/tag"
	git archive "$tag" | tar -x -C "$work/tag"
	set -- "$tag=$work/old.txt" "now=$work/new.txt"
else
	echo "There is no tag to compare with: these are the working tree's own figures."
	set -- "now=$work/new.txt"
fi
for round in $(seq "$count"); do
	echo "round $round of $count" >&2
	if [ -n "$tag" ]; then bench "$work/tag" "$work/old.txt"; fi
	bench . "$work/new.txt"
done
go tool -modfile=tools/go.mod benchstat "$@"
