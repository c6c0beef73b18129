# make help lists the targets. Everything a target needs beyond git, make, Go,
# cargo, Python 3 and a C toolchain is fetched by the target itself.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export CGO_ENABLED := 0
export MEWS_BIN := $(CURDIR)/bin/mews
export MEWS_YARA_WORKER := $(CURDIR)/bin/mews-yara

GO      ?= go
CARGO   ?= cargo
PYTHON  ?= python3
VENV    := .venv
WORKER_SOURCES := $(shell find yara-worker -path yara-worker/target -prune -o -type f -print)
GO_SOURCES     := $(shell find . -name target -prune -o -name '*.go' -print) go.mod go.sum

# Tests and demos run harmless files: a kernel without one of the sandbox's
# walls is told of in the log and does not stop them. `make run` keeps the
# server's own default, which refuses hunts there.
test e2e race demo bench bench-records bench-telemetry: export MEWS_HUNT_SANDBOX := best-effort

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

.PHONY: build
build: bin/mews bin/mews-yara ## build the two binaries into bin/

bin/mews: $(GO_SOURCES)
	$(GO) build -trimpath -o $@ ./cmd/mews

bin/mews-yara: $(WORKER_SOURCES)
	$(CARGO) build --release --locked --manifest-path yara-worker/Cargo.toml
	@mkdir -p bin
	install -m 0755 yara-worker/target/release/mews-yara $@

.PHONY: run
run: build ## serve on 127.0.0.1:8443 with data in .cache/run
	@mkdir -p .cache
	bin/mews serve --data .cache/run

.PHONY: demo
demo: build ## index real binaries of this machine, search and hunt them through the API
	$(GO) run ./test/demo

.PHONY: test
test: build $(VENV)/ready ## every test: Go, Rust, the real FalconPy and gofalcon
	$(GO) vet ./...
	$(GO) test ./...
	$(CARGO) test --release --locked --manifest-path yara-worker/Cargo.toml
	$(GO) -C test/compat test -count=1 ./...
	$(VENV)/bin/python -m pytest -q test/compat

# The newest releases of the clients, beside those that mews promises to serve.
NEWEST_FALCONPY := 1.6.6
NEWEST_GOFALCON := v0.22.0

.PHONY: test-newest
test-newest: build ## the tests of clients again, with the newest FalconPy and gofalcon
	@mkdir -p .cache/newest
	$(PYTHON) -m venv .cache/newest/venv
	sed 's/^crowdstrike-falconpy==.*/crowdstrike-falconpy==$(NEWEST_FALCONPY)/' test/compat/requirements.txt > .cache/newest/requirements.txt
	.cache/newest/venv/bin/python -m pip install --quiet --disable-pip-version-check -r .cache/newest/requirements.txt
	.cache/newest/venv/bin/python -m pytest -q test/compat
	sed 's#=> \.\./\.\.#=> $(CURDIR)#' test/compat/go.mod > .cache/newest/go.mod
	cp test/compat/go.sum .cache/newest/go.sum
	$(GO) -C test/compat mod edit -require=github.com/crowdstrike/gofalcon@$(NEWEST_GOFALCON) $(CURDIR)/.cache/newest/go.mod
	$(GO) -C test/compat test -count=1 -mod=mod -modfile=$(CURDIR)/.cache/newest/go.mod ./...

.PHONY: e2e
e2e: build ## scripts over the real binaries, kills included
	$(GO) test -count=1 -timeout 30m -tags e2e ./test/e2e/...

.PHONY: race
race: build ## every Go test under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race ./...

.PHONY: bench
bench: build ## build the bench corpora and print the figures of docs/performance.md (BENCH: its flags)
	$(GO) run ./test/bench $(BENCH)
	$(GO) run ./test/bench/records $(RECORDS)
	$(GO) run ./test/bench/telemetry $(TELEMETRY)

.PHONY: bench-records
bench-records: build ## generate a million quarantine records and print the figures of queries over them (RECORDS: its flags)
	$(GO) run ./test/bench/records $(RECORDS)

.PHONY: bench-telemetry
bench-telemetry: build ## send ten million generated events and print the figures of ingest and sightings (TELEMETRY: its flags)
	$(GO) run ./test/bench/telemetry $(TELEMETRY)

.PHONY: lint
lint: tools ## static checks of Go and Rust
	$(GO) vet ./...
	bin/staticcheck ./...
	@unformatted="$$(bin/gofumpt -l .)"; test -z "$$unformatted" || { echo "$$unformatted"; echo 'run make fmt'; exit 1; }
	$(CARGO) fmt --check --manifest-path yara-worker/Cargo.toml
	$(CARGO) clippy --release --locked --manifest-path yara-worker/Cargo.toml -- -D warnings

.PHONY: fmt
fmt: tools ## format Go and Rust
	bin/gofumpt -w .
	$(CARGO) fmt --manifest-path yara-worker/Cargo.toml

.PHONY: generate
generate: ## rewrite generated files (OpenAPI, compatibility table)
	$(GO) generate ./...

.PHONY: check
check: lint test e2e generate ## what CI runs: lint, tests, scripts, nothing stale
	git diff --exit-code

.PHONY: tools
tools: bin/staticcheck bin/gofumpt ## install the pinned developer tools into bin/

bin/staticcheck bin/gofumpt: tools/go.mod tools/go.sum
	GOBIN=$(CURDIR)/bin $(GO) -C tools install tool

$(VENV)/ready: test/compat/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@
