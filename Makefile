# What a user types. `make help` lists it; the work is in scripts/.

PREFIX ?= /usr/local
DESTDIR ?=

PLATFORMS := linux-x86_64 windows-x86_64 windows-i686

all: dist examples ## build everything

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 24

dist: $(PLATFORMS:%=dist-%) ## the libraries, into dist/
dist-%:
	@scripts/dist.sh $*

examples: dist ## the example server and client for each platform, into build/examples/
	@scripts/examples.sh $(PLATFORMS)

demo: ## authenticate curl and the example client against the example server, on Linux and under Wine (SERVE=1: keep serving)
	@SERVE=$(SERVE) scripts/demo.sh

check: ## rustfmt, clippy, fuzz targets and benchmarks compile, Rust tests; installs nothing
	@scripts/test.sh check

test: ## every test there is (PARTS="rust c-linux": only those)
	@scripts/test.sh $(or $(PARTS),all)

test-programs: ## real programs with the library in place: build them, authenticate to them
	@scripts/test.sh programs programs-wine32

test-wine32: ## what runs in 32 bits, from scratch: the C harness, the conformance suite, a real program
	@scripts/wine.sh 32 --stop; rm -rf build/wine/prefix32 build/c/wine32 build/conformance/wine32
	@scripts/test.sh c-wine32 conformance-wine32 system-wine32 winetest-wine32 programs-wine32

bench: dist-linux-x86_64 ## measure, against other implementations
	@benches/run.sh

fuzz: ## run each fuzz target for a while (SECONDS=60)
	@fuzz/run.sh $(or $(SECONDS),60)

mutants: ## small faults, put into the files that decide: do the tests notice? (ARGS="--file src/authority/chain.rs")
	@tests/suites/mutants/run.sh $(ARGS)

install: ## library, header, pkg-config file and tool (PREFIX, DESTDIR)
	@scripts/install.sh "$(DESTDIR)" "$(PREFIX)"

clean: ## remove everything made
	rm -rf --one-file-system build dist target

.PHONY: all help dist examples demo check test test-programs test-wine32 bench fuzz mutants install clean
