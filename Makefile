# Everything that is done here has a target. `make run` and `make test` need nothing to be done before them.

SHELL := bash
.DEFAULT_GOAL := run
.PHONY: run build test lint generate bench cover needs

# Tools are built from internal/tools/go.mod into bin/, once for each change of it.
PACKAGES := github.com/bufbuild/buf/cmd/buf google.golang.org/protobuf/cmd/protoc-gen-go google.golang.org/grpc/cmd/protoc-gen-go-grpc \
	github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-grpc-gateway github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-openapiv2 ./protodeps

# run starts the server on ./tandem.db; the sample of public grants goes into an empty database only.
run: build
	bin/tandemd --db tandem.db --sample

build:
	go build -o bin/ ./server/cmd/tandemd ./client/cmd/tandem

# needs installs what the tests use beside Go. Where that cannot be done it says so, and the tests that want it are skipped, or fail where CI=true.
need = @$(1) >/dev/null 2>&1 || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(2) >/dev/null; } || \
	echo "$(2) is not here and could not be installed: $(3). As root on Debian: apt-get install $(2)" >&2

needs:
	$(call need,command -v xmllint,libxml2-utils,IATI files will not be held against their schema)
	$(call need,ls /usr/lib/postgresql/*/bin/initdb,postgresql,the tests on it will not run)
	$(call need,command -v chromium,chromium,the pages will not be tried in a browser)

test: needs
	go vet ./...
	go test -timeout 20m ./...
	go test -timeout 10m -race -short ./internal/ledger/... ./internal/store/... ./internal/analysis/... ./server/...

# lint holds the code against its rules, the contract against the last commit on main, and what is generated against its sources.
lint: bin/tools bin/golangci-lint .protodeps/stamp
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not gofmt-ed:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	bin/golangci-lint run ./...
	go -C internal/bench/duckdb list -test -deps . >/dev/null # its go.mod knows what ours needs
	bin/buf lint
	bin/buf format --diff --exit-code proto
	@main=$$(git rev-parse -q --verify main || git rev-parse -q --verify origin/main || git rev-parse HEAD) && \
		before=$$(mktemp -d) && trap "rm -rf $$before" EXIT && git archive $$main buf.yaml proto | tar -x -C $$before && cp -r .protodeps $$before/ && \
		bin/buf breaking --against $$before
	@$(MAKE) --no-print-directory generate && { git diff --exit-code --stat -- proto server/openapi.json || \
		{ echo "what is generated was out of step with proto/: commit it"; exit 1; }; }

generate: bin/tools .protodeps/stamp
	bin/buf generate
	@mv server/openapi.swagger.json server/openapi.json

bin/tools: internal/tools/go.mod internal/tools/protodeps/main.go
	@mkdir -p bin
	go build -C internal/tools -o $(CURDIR)/bin/ $(PACKAGES)
	@touch $@

bin/golangci-lint: internal/tools/go.mod
	@mkdir -p bin
	go build -C internal/tools -o $(CURDIR)/bin/ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

.protodeps/stamp: bin/tools
	rm -rf .protodeps
	bin/protodeps .protodeps
	@touch $@

# bench prints ratios against a peer in the same run; absolute times mean little. TANDEM_BENCH_GRANTS makes the world of the
# analysis smaller than a million grants. GOGC is what tandemd sets for itself.
bench:
	GOGC=300 go test -run '^$$' -bench . -benchtime 1x -timeout 60m ./internal/bench/...
	GOGC=300 go -C internal/bench/duckdb test -run '^$$' -bench . -benchtime 5x -timeout 60m .

cover: needs
	go test -short -coverpkg=./internal/...,./server/...,./client/... -coverprofile=cover.out ./...
	go tool cover -func=cover.out | tail -1
