# The two commands are `make run` and `make test`; the others are shortcuts inside them.
# What is compiled lands outside the clone, so that a second clone or a fresh checkout starts warm.

CACHE := $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/beffroi
export CARGO_TARGET_DIR ?= $(CACHE)/target

.DEFAULT_GOAL := help
.PHONY: help run test build web fmt fuzz bench

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: build ## build, start a demonstration and print its address and passwords
	exec "$(CARGO_TARGET_DIR)/release/beffroi" demo

test: ## every check there is; installs what it needs
	scripts/test.sh

build: web ## the release binary, web client inside
	scripts/needs.sh build
	cargo build --release --locked --package beffroi

web: ## the web client alone, into web/dist
	scripts/needs.sh web
	scripts/web.sh

fmt: ## format Rust
	cargo fmt --all

fuzz: ## let the fuzzers wander, a minute for each parser, learning from run to run
	fuzz/run.sh 60

bench: build ## measure the numbers of docs/performance.md and print them as JSON
	cargo build --release --locked --package beffroi-load
	scripts/bench.sh
