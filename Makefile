# Everything runs with Go alone, but for bench-peers, interop and recipes: the tools
# are pinned in tools/go.mod, and Go builds them on first use.

GO ?= go

# DuckDB, which quern query and quern export duckdb are made of, wants the C++
# library that its prebuilt one was linked for: glibc's on Linux. Where that is not
# found, quern is built without. CGO_ENABLED=0 or 1 decides instead.
ifeq ($(origin CGO_ENABLED),undefined)
CGO_ENABLED := $(shell sh .ci/cgo "$(GO)")
endif
export CGO_ENABLED

TOOL = $(GO) tool -modfile=tools/go.mod
FUZZTIME ?= 20s
KILLS ?= 500
BENCH ?=
PYTHON ?= python3
READERS = interop/.venv
PAGES ?=

.PHONY: help build demo test test-nocgo race lint fmt fuzz torture bench bench-peers interop recipes python docs check-generated ci clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

build: ## build bin/quern
	$(GO) build -trimpath -o bin/quern ./cmd/quern

demo: build ## convert the sample corpus, and ask it a question
	bin/quern run examples/reviews.yaml
	@echo
	@echo "How do the reviewers judge each aspect?"
	bin/quern count out/reviews --by label,polarity --where layer=aspect --top 10

test: ## run the tests
	$(GO) test -timeout 30m ./...

test-nocgo: ## check that quern can be built and used without DuckDB
	CGO_ENABLED=0 $(GO) vet ./...
	CGO_ENABLED=0 $(GO) build ./...
	CGO_ENABLED=0 $(GO) test -run '^(TestScripts|TestOutputVersion|TestSplit)$$' ./cmd/quern ./stages/duck

race: ## run the tests with the race detector, in random order
	$(GO) test -race -shuffle=on -timeout 30m ./...

lint: ## check format, vet and lint
	$(GO) vet ./...
	$(TOOL) gofumpt -l . | (! grep .) || { echo "run make fmt"; exit 1; }
	$(TOOL) golangci-lint run ./...

fmt: ## format the code
	$(TOOL) gofumpt -w .

fuzz: ## fuzz each target for FUZZTIME (default 20s), two at a time
	@$(GO) test -list '^Fuzz' ./... | awk '/^Fuzz/ { t[n++] = $$1 } /^ok/ { for (i = 0; i < n; i++) print $$2, t[i]; n = 0 }' | \
		GO="$(GO)" xargs -P 2 -n 2 sh .ci/fuzz $(FUZZTIME)

torture: ## kill KILLS runs (default 500), and see that nothing is lost
	$(GO) test ./cmd/quern -run '^(TestTorture|TestFullDisk)$$' -v -timeout 60m -kills $(KILLS)

bench: ## compare the Go benchmarks with those of the last tag; BENCHCOUNT, BENCHPATTERN, BENCHTIME, BENCHPACKAGES
	sh bench/compare.sh

bench-peers: ## measure against other ways, with python3 and a Java; BENCH="-scale 0.01" to try it out
	$(GO) run ./bench $(BENCH)

interop: build $(READERS)/installed ## read the tables with other software, write docs/interop.md, and run the recipes; with python3 and a JDK
	@"$${JAVA_HOME:+$$JAVA_HOME/bin/}java" -version 2>/dev/null || \
		{ echo "make interop: Spark needs a Java, 17 or later: install one (on Debian, apt-get install default-jdk-headless) or set JAVA_HOME"; exit 1; }
	$(READERS)/bin/ruff format --check --config interop/ruff.toml interop docs/recipes
	$(READERS)/bin/ruff check --config interop/ruff.toml interop docs/recipes
	$(READERS)/bin/python -m interop --quern bin/quern --work out/interop $${QUERN_CORPORA:+--corpora "$$QUERN_CORPORA"}
	$(MAKE) recipes

recipes: | python ## run the recipes and the README as they are written, with python3 and a JDK; PAGES="recipes/duckdb.md"
	$(PYTHON) interop/recipes.py $(PAGES)

$(READERS)/installed: interop/requirements.txt | python
	rm -rf $(READERS)
	$(PYTHON) -m venv $(READERS)
	$(READERS)/bin/pip install --quiet --disable-pip-version-check -r interop/requirements.txt
	touch $@

python:
	@$(PYTHON) -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "make: this needs Python 3.11 or later with venv (on Debian, apt-get install python3-venv), or PYTHON=another"; exit 1; }

docs: build ## write the generated pages
	bin/quern config reference > configs/reference.yaml
	{ echo "# Tables"; echo; bin/quern schema; } > docs/tables.md
	{ echo "# Diagnostics"; echo; bin/quern explain; } > docs/diagnostics.md
	{ echo "# Configuration"; echo; bin/quern config reference --format markdown; } > docs/config.md

check-generated: docs ## check that generated pages are up to date
	git diff --exit-code -- configs/reference.yaml docs

ci: lint race test-nocgo check-generated ## what CI runs behind the tests: lint, race, generated files, a little fuzzing, each benchmark once
	$(MAKE) fuzz
	$(GO) test -run '^$$' -bench . -benchtime 1x ./...
	$(MAKE) demo

clean: ## remove what was built
	rm -rf bin out
