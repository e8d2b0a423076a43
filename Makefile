# sotabox: `make help` lists the targets. Needs Go and make; the tests also need
# a few Debian packages, which .ci/setup names.

GO      ?= go
VERSION ?= 0.1.0
DESTDIR ?=
PREFIX  ?= /usr/local
# For `make install`: the architecture of the board.
ARCH    ?= $(shell $(GO) env GOARCH)

ARCHES := arm arm64 amd64

# The version is VERSION, not what a version control system says: the sources may
# come as an archive, or belong to someone else whose repository git will not read.
export GOFLAGS := $(GOFLAGS) -buildvcs=false

# What the device binary is built with. No cgo: it must run without a C library.
# No HTTP/2: it costs 0.4 MB, and a pull keeps its connections busy without it.
# Inlining is kept for what works on bytes, where it pays; everywhere else it costs
# 0.4 MB and buys nothing that can be measured.
INLINED := runtime/... internal/runtime/... internal/bytealg/... sync/... internal/sync/... \
	crypto/... hash/... compress/... bufio bytes slices \
	github.com/klauspost/... github.com/sotabox/sotabox/ostreelite/...
GCFLAGS := -gcflags=all=-l $(INLINED:%=-gcflags=%=)
BINARY  := CGO_ENABLED=0 $(GO) build -tags nethttpomithttp2 -trimpath $(GCFLAGS)

# A released binary depends on the sources and on nothing else: not on where or
# when it is built, nor on what the environment prefers.
RELEASE := GOOS=linux GOARM=7 GOARM64=v8.0 GOAMD64=v1 GOEXPERIMENT= GOFIPS140=off $(BINARY)

LDFLAGS       := -buildid= -X main.version=$(VERSION)
# A 32-bit ARM kernel has pages of 4 KiB, so segments need no wider alignment.
# Not so on arm64, where boards with pages of 16 and 64 KiB are about.
LDFLAGS_arm   := $(LDFLAGS) -R 4096
LDFLAGS_arm64 := $(LDFLAGS)
LDFLAGS_amd64 := $(LDFLAGS)

.DEFAULT_GOAL := build
.NOTPARALLEL:
.PHONY: help build factory demo dist size reproducible setup lint test test-unit conformance-client bench crash matrix fuzz install clean

help: ## print this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-20s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build/sotabox and a link for each applet
	$(BINARY) -ldflags '-X main.version=$(VERSION)' -o build/sotabox .
	@build/sotabox --install build

factory: ## build/sotabox-factory, the publishing side for the demo and tests
	$(GO) build -tags factory -o build/sotabox-factory ./factory/cmd/sotabox-factory

demo: build factory ## show a device update itself, from keys to rollback
	$(GO) build -tags factory -o build/sotabox-demo ./e2e/demo
	build/sotabox-demo -bin build -dir build/demo

dist: $(ARCHES:%=dist/sotabox-linux-%) ## the release: dist/sotabox-linux-{arm,arm64,amd64}

dist/sotabox-linux-%: always
	GOARCH=$* $(RELEASE) -ldflags '-s -w $(LDFLAGS_$*)' -o $@ .

# The same binary with its symbols, and why the linker keeps what it keeps. It
# is removed first: go build would not link again, and so print nothing.
build/size/sotabox-linux-%: always
	@mkdir -p $(@D) && rm -f $@
	@GOARCH=$* $(RELEASE) -ldflags '-w -dumpdep $(LDFLAGS_$*)' -o $@ . 2>$@.deps || { tail -n 20 $@.deps >&2; exit 1; }

.PHONY: always
.PRECIOUS: dist/sotabox-linux-% build/size/sotabox-linux-%

size: dist $(ARCHES:%=build/size/sotabox-linux-%) ## judge the release by size-budget.txt and say what each package costs
	$(GO) run ./internal/sizereport -budget size-budget.txt -dist dist -symbols build/size

reproducible: dist ## build the release again elsewhere and compare
	GO='$(GO)' .ci/reproducible dist

setup: ## install (as root) or name the Debian packages that the tests need
	@GO='$(GO)' .ci/setup

lint: ## fail if gofmt would change or go vet objects to something
	@unformatted=$$("$$($(GO) env GOROOT)/bin/gofmt" -l .) && \
		{ [ -z "$$unformatted" ] || { echo "gofmt would change:" $$unformatted >&2; exit 1; }; }
	$(GO) vet ./...
	$(GO) vet -tags factory ./...

test: setup lint build size reproducible ## every check and every test
	SOTABOX_BIN=$(CURDIR)/build/sotabox $(GO) test -tags factory -timeout 30m ./...

# What is left to make test: whole pulls, deployments and deltas beside the real
# ostree, and what kills or cuts again and again.
SLOW := FAT|Early|InPlace|Loader|Boot|Prune|Syslinux|Frozen|ReadOnly|Mount|Pull|Local|Killed|Deploy|SetDefault|EtcMerge|Other|Systemd|Applies|Index|FallsBack|Continues|Partial|Cut|Like|Cost|Attacks|Rotation|Store

test-unit: setup ## the quick tests, under a minute; make test runs all
	$(GO) test -skip '$(SLOW)' ./...

conformance-client: ## build/tuf-conformance-client, for the public TUF conformance suite
	$(GO) build -tags factory -o build/tuf-conformance-client ./e2e/conformance

bench: ## compare with the real ostree: a table, and build/bench.json (as root, minutes)
	$(GO) build -tags factory -o build/sotabox-bench ./e2e/bench
	$(BINARY:nethttpomithttp2=factory,nethttpomithttp2) -o build/bench-agent ./e2e/bench/agent
	GOARCH=arm GOARM=7 $(BINARY:nethttpomithttp2=factory,nethttpomithttp2) -o build/bench-agent-arm ./e2e/bench/agent
	build/sotabox-bench -agent build/bench-agent -dir build/bench -json build/bench.json

crash: build setup ## kill updates at every write, cut the power at every flush, and look (as root, long)
	$(GO) run -tags factory ./e2e/crash -bin build -dir build/crash

matrix: setup ## commits both ways with the real ostree, big ones too, and memory (as root, minutes)
	SOTABOX_MATRIX=full $(GO) test -tags factory -count=1 -timeout 60m ./e2e/matrix

fuzz: ## run every fuzz target for FUZZTIME (20s) and print how it ended
	@GO='$(GO)' .ci/fuzz

install: dist/sotabox-linux-$(ARCH) build ## into $(DESTDIR)$(PREFIX), for a board of ARCH
	install -D -m 755 $< '$(DESTDIR)$(PREFIX)/bin/sotabox'
	@for applet in $$(build/sotabox --list); do \
		link='$(DESTDIR)$(PREFIX)/bin/'$$applet; \
		if [ -e "$$link" ] && [ ! -L "$$link" ]; then echo "$$link is not a link, left alone" >&2; exit 1; fi; \
		echo "$$link -> sotabox"; ln -sfn sotabox "$$link"; \
	done
	install -d '$(DESTDIR)$(PREFIX)/share/man/man1'
	install -m 644 docs/man/*.1 '$(DESTDIR)$(PREFIX)/share/man/man1'

clean: ## remove build/ and dist/
	@# Deployments that root made are immutable, as on a device.
	@[ ! -e build/demo ] || $(GO) run -tags factory ./factory/cmd/sotabox-factory remove build/demo
	rm -rf build dist
