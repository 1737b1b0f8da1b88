# Needs Go, git, make and a Docker Engine; what else is missing comes from apt.

binary := .bin/tutor
golangci-lint := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.12.2

.PHONY: help demo build images gcc test bench lint fmt clean-engine

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

demo: images build ## show tutor at work, on a real exercise
	$(binary) demo

build: ## build .bin/tutor
	CGO_ENABLED=0 go build -trimpath -o $(binary) ./cmd/tutor

images: ## see to it that the base images are on the engine
	@.ci/standins/build

test: images gcc ## vet, then run every test, with the race detector, on the real engine
	go vet ./...
	go test -race -timeout 60m ./...

bench: images ## run the benchmarks
	go test -run '^$$' -bench . -benchmem $$(go list -f '{{.Dir}} {{.TestGoFiles}} {{.XTestGoFiles}}' ./... | awk '/bench_test.go/ { print $$1 }')

lint: ## report what golangci-lint finds and whether go.mod is tidy; the first time takes minutes
	$(golangci-lint) run
	go mod tidy -diff

fmt: ## format the sources as lint wants them
	$(golangci-lint) fmt

clean-engine: build ## remove what tutor has left on the engine
	$(binary) clean

gcc: # the race detector needs a C compiler
	@command -v gcc >/dev/null || \
	{ [ "$$(id -u)" = 0 ] && apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev; } || \
	{ echo "the race detector needs a C compiler: sudo apt-get install gcc libc6-dev" >&2; exit 1; }
