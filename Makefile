# Holdfast.
#
#   make run     builds the program and opens it; without a screen it shows itself on a virtual one
#   make test    runs every test, as .ci/run does
#   make build   builds build/holdfast, build/holdfast-desktop and build/holdfast-server
#   make fuzz    lets the fuzzers look for new inputs (FUZZTIME=20s each)
#   make bench   measures the engine
#   make package makes the packages for Debian and Fedora
#
# What is missing is installed with apt where there is one; a second run installs nothing and needs no network. All builds
# use one set of flags, so that the C code below the window (some minutes) is compiled once.

SHELL   := /bin/bash
VERSION := $(shell sed -n 's/^ *Version = "\(.*\)"/\1/p' FyneApp.toml)
LDFLAGS := -X main.version=$(VERSION)
NEED    := packaging/linux/need.sh

BUILD_NEEDS  := gcc libc6-dev pkg-config libgl-dev libx11-dev libxcursor-dev libxrandr-dev libxinerama-dev libxi-dev libxxf86vm-dev
SCREEN_NEEDS := xvfb openbox x11-utils xdotool imagemagick libgl1-mesa-dri dbus xfce4-panel gnome-keyring fonts-dejavu-core
TEST_NEEDS   := restic postgresql-15 chromium attr acl strace binutils desktop-file-utils appstream

FUZZTIME ?= 20s

.NOTPARALLEL:
.PHONY: run build test check unit whole package fuzz bench clean

run: build
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" != Linux ]; then exec build/holdfast-desktop; \
	else $(NEED) $(SCREEN_NEEDS) && exec packaging/linux/demo.sh; fi

build:
	@$(NEED) $(BUILD_NEEDS)
	@mkdir -p build
	CGO_ENABLED=0 go build -ldflags '$(LDFLAGS)' -o build/holdfast ./app/holdfast
	CGO_ENABLED=0 go build -ldflags '$(LDFLAGS)' -o build/holdfast-server ./app/holdfast-server
	@echo 'The first build of the window takes some minutes.'
	go build -ldflags '$(LDFLAGS)' -o build/holdfast-desktop ./app/holdfast-desktop

test: build
	@$(NEED) $(SCREEN_NEEDS) $(TEST_NEEDS)
	@$(MAKE) --no-print-directory check unit whole package
	@echo 'All tests passed.'

# What a machine can see without running anything.
check:
	@unformatted=$$(gofmt -l app assets engine packaging ui); \
	if [ -n "$$unformatted" ]; then echo "gofmt would change: $$unformatted"; exit 1; fi
	go vet ./...
	GOOS=windows CGO_ENABLED=0 go vet ./engine/... ./app/holdfast/... ./app/holdfast-server/...
	GOOS=darwin CGO_ENABLED=0 go vet ./engine/... ./app/holdfast/... ./app/holdfast-server/...

# Fyne complains about a computer without a language.
unit whole: export LANG := en_US.UTF-8
unit whole: export LC_ALL :=

# Each package by itself; the seeds of the fuzzers are among these tests. The time limits
# only end what hangs.
unit:
	go test -race -timeout 40m ./engine/...
	CGO_ENABLED=0 go test -timeout 40m ./assets/... ./ui/... ./app/holdfast/... ./app/holdfast-server/...
	go test -timeout 40m ./app/holdfast-desktop/...

# The built programs: with restic on one repository, killed, and used through the window.
whole:
	HOLDFAST_BIN=$(CURDIR)/build/holdfast CGO_ENABLED=0 go test -count=1 -timeout 40m ./packaging/interop/...
	rm -rf build/pictures
	HOLDFAST_DESKTOP=$(CURDIR)/build/holdfast-desktop HOLDFAST_PICTURES=$(CURDIR)/build/pictures CGO_ENABLED=0 \
	  go test -count=1 -timeout 40m -v ./packaging/linux/e2e/...

package: build
	@$(NEED) desktop-file-utils appstream binutils
	packaging/linux/package.sh $(VERSION)

fuzz:
	@go list -f '{{.ImportPath}} {{.Dir}}' ./... | while read -r package dir; do \
	  for fuzz in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' $$dir/*_test.go 2>/dev/null); do \
	    echo "$$package $$fuzz"; \
	    CGO_ENABLED=0 go test -run '^$$' -fuzz "^$$fuzz\$$" -fuzztime $(FUZZTIME) $$package </dev/null || exit 1; \
	  done; \
	done

bench:
	CGO_ENABLED=0 go test -run '^$$' -bench . -benchmem ./engine/...

clean:
	rm -rf build
