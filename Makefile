# certgate.  `make help` lists the targets; README tells the rest.
VERSION := 0.1
comma := ,
# Of that version; manual pages tell it.
DATE := November 26, 2026

PREFIX ?= /usr/local
CGIDIR  ?= $(PREFIX)/lib/certgate/cgi-bin
DATADIR ?= $(PREFIX)/share/certgate
DOCDIR  ?= $(PREFIX)/share/doc/certgate
MANDIR  ?= $(PREFIX)/share/man
# Of the host, wherever the programs are.
SYSCONFDIR ?= /etc
# gcc unless the caller names another: make's own default would be cc, which may be anything.
ifeq ($(origin CC),default)
  CC := gcc
endif
ifeq ($(origin CXX),default)
  CXX := $(if $(findstring clang,$(CC)),clang++,g++)
endif
# release | sanitize | thread | coverage | fuzz (with clang)
MODE ?= release
# Settings of `make run`
PORT   ?= 8080
STATE  ?= ./var/demo
SERVER ?= apache
HOST   ?= 127.0.0.1
GATES  ?= 1
-include config.mk
# An ordinary user of Debian does not have the folders of web servers and other services there.
export PATH := $(PATH):/usr/sbin:/sbin

.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all

# --- what it is built from ---
# The only place that names Debian packages.
BUILD_PACKAGES := gcc g++ libc6-dev pkg-config libfcgi-dev libgnutls28-dev libdb5.3-dev libctemplate-dev \
	libprotobuf-c-dev protobuf-c-compiler libjansson-dev libcurl4-gnutls-dev \
	libunistring-dev libcrypt-dev libconfuse-dev libcmark-gfm-dev libcmark-gfm-extensions-dev python3
RUN_PACKAGES  := apache2 lighttpd lighttpd-mod-openssl openssl curl python3 procps
TEST_PACKAGES := libcmocka-dev perl nghttp2-client faketime gnutls-bin jq python3-prometheus-client mandoc man-db iproute2 \
	logrotate libapache2-mod-fcgid \
	chromium chromium-driver python3-selenium
DEB_PACKAGES  := build-essential debhelper lintian
BENCH_PACKAGES := nginx-light haproxy valgrind
# Looks through pages for what keeps people out; for the tests alone, by npm where that is there: as a
# Debian package it brings hundreds of others.
AXE_VERSION := 4.14.1
HTML_VALIDATE_VERSION := 9.7.1
FUZZ_PACKAGES := clang libclang-rt-14-dev
CHECK_PACKAGES := clang-format clang-tidy cppcheck shellcheck codespell $(FUZZ_PACKAGES)

B := build/$(MODE)

WARN := -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 \
	-Wvla -Wwrite-strings -Wundef -Wswitch-enum -Wconversion -Wnull-dereference \
	-Wno-missing-field-initializers
ifneq (,$(findstring gcc,$(CC)))
  WARN += -Wlogical-op -Wduplicated-branches
endif
ifdef CI
  WARN += -Werror
endif
MODE_release  := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fcf-protection
MODE_sanitize := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
MODE_thread   := -O1 -g -fno-omit-frame-pointer -fsanitize=thread -Wno-tsan -include tests/tools/thread.h
MODE_coverage := -O1 -g --coverage -fprofile-update=atomic
MODE_fuzz     := $(MODE_sanitize) -fsanitize=fuzzer-no-link
LINK_release  := -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed
LINK_sanitize := -fsanitize=address,undefined
LINK_thread   := -fsanitize=thread
LINK_coverage := --coverage -Wl,--wrap=_exit
LINK_fuzz     := -fsanitize=address,undefined

PKGS := gnutls jansson libcurl libprotobuf-c fcgi libconfuse
PKG_CFLAGS := $(shell pkg-config --silence-errors --cflags $(PKGS) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --silence-errors --libs $(PKGS) 2>/dev/null)
CG_DEFINES := -DCG_VERSION='"$(VERSION)"' -DCG_DATADIR='"$(DATADIR)"' \
	-DCG_CONFIG_FILE='"$(SYSCONFDIR)/certgate/certgate.conf"' -DCG_PROOF_FILE='"$(SYSCONFDIR)/certgate/proof.conf"'
# lib/page's shim around ctemplate: what of WARN does not know C++ goes.
CXX_WARN := $(filter-out -Wstrict-prototypes -Wmissing-prototypes,$(WARN))
ALL_CXXFLAGS = -std=gnu++17 $(MODE_$(MODE)) $(CXX_WARN) -fPIE -pthread -Ilib $(CXXFLAGS)
ALL_CFLAGS = -std=gnu11 $(MODE_$(MODE)) $(WARN) -fPIE -pthread -Ilib -isystem $(B) $(PKG_CFLAGS) \
	$(CG_DEFINES) $(CFLAGS)
ALL_LDFLAGS = $(LINK_$(MODE)) -pthread $(LDFLAGS)
LDLIBS = $(PKG_LIBS) -ldb-5.3 -lcrypt -lunistring -lcmark-gfm-extensions -lcmark-gfm -lctemplate_nothreads -lstdc++

LAYERS := $(shell cat lib/ORDER)
PROTOS := $(sort $(wildcard schema/*.proto))
PROTO_OBJS := $(PROTOS:%.proto=$(B)/%.pb-c.o)
LIB_SRCS := $(sort $(foreach d,$(LAYERS),$(wildcard lib/$(d)/*.c)))
LIB_OBJS := $(LIB_SRCS:%.c=$(B)/%.o) $(B)/lib/page/template.o $(PROTO_OBJS) \
	$(if $(filter coverage,$(MODE)),$(B)/tests/tools/coverage_exit.o)
PROGRAMS := $(sort $(patsubst cgi-bin/%/main.c,%,$(wildcard cgi-bin/*/main.c)))
# Programs that tests use.
TEST_TOOLS := $(B)/tests/tools/store_edit $(B)/tests/tools/limits_load $(B)/tests/tools/fcgi_load \
	$(B)/tests/tools/tls_load $(B)/tests/tools/bare_hop $(B)/tests/tools/usage_fill
UNIT_TESTS := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/unit/*_test.c)))
# tests/fuzz/TARGET.c, each with what finds its inputs: files of its corpus, or libFuzzer.
FUZZ_TARGETS := $(filter-out fuzz replay,$(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/*.c))))
FUZZ_REPLAYS := $(FUZZ_TARGETS:%=$(B)/tests/fuzz/%)
program_objs = $(patsubst %.c,$(B)/%.o,$(sort $(wildcard cgi-bin/$(1)/*.c cgi-bin/$(1)/*/*.c)))
MANUAL_SOURCES := $(sort $(wildcard apache-conf/man/*.in))
MANUAL := $(MANUAL_SOURCES:apache-conf/man/%.in=$(B)/man/%)

all: $(PROGRAMS:%=$(B)/bin/%) $(B)/bin/templates $(MANUAL) ## builds the programs, no network, no root

$(B)/lib/libcertgate.a: $(LIB_OBJS)
	@mkdir -p $(@D)
	@rm -f $@
	@ar rcs $@ $(LIB_OBJS)

# What is compiled in of them: another PREFIX makes these anew.
PATHS := $(DATADIR) $(SYSCONFDIR) $(CGIDIR)
$(B)/paths: always
	@mkdir -p $(@D)
	@echo '$(PATHS)' | cmp -s - $@ || echo '$(PATHS)' >$@
$(B)/lib/page/page.o $(B)/lib/base/config.o $(B)/lib/base/home.o $(call program_objs,certgate) $(MANUAL): $(B)/paths

# The pages of the command and of the REST interface say what the programs themselves say.
$(MANUAL) &: $(MANUAL_SOURCES) apache-conf/man/pages $(B)/bin/certgate $(B)/bin/admin $(B)/bin/templates Makefile
	@mkdir -p $(B)/man
	@rm -rf $(B)/man/home
	@CERTGATE_CONFIG= $(B)/bin/certgate help >$(B)/man/help.txt
	@CERTGATE_CONFIG= $(B)/bin/certgate --home $(B)/man/home init --proof-file $(B)/man/proof >/dev/null
	@env -i CERTGATE_CONFIG= CERTGATE_HOME=$(B)/man/home REQUEST_METHOD=GET SERVER_PROTOCOL=HTTP/1.1 \
		REQUEST_URI=/admin/api/v1/openapi.json CERTGATE_PREFIX=/admin $(B)/bin/admin </dev/null | \
		sed '1,/^\r*$$/d' >$(B)/man/openapi.json
	@rm -rf $(B)/man/home $(B)/man/proof $(B)/man/proof.lighttpd
	@apache-conf/man/pages --help-text $(B)/man/help.txt --openapi $(B)/man/openapi.json --out $(B)/man \
		'DATE=$(DATE)' 'SYSCONFDIR=$(SYSCONFDIR)' 'DATADIR=$(DATADIR)' 'CGIDIR=$(CGIDIR)' $(MANUAL_SOURCES)

# Where the programs look first.
TEMPLATES := $(sort $(shell find templates -type f))
$(B)/bin/templates: $(TEMPLATES) Makefile
	@mkdir -p $(@D)
	@rm -rf $@ $@.new
	@cp -r templates $@.new
	@chmod -R u=rwX,go=rX $@.new
	@mv $@.new $@

define program_rule
$(B)/bin/$(1): $(call program_objs,$(1)) $(B)/lib/libcertgate.a Makefile
	@mkdir -p $$(@D)
	@echo "  LINK $$@"
	@$(CC) $(ALL_LDFLAGS) -o $$@ $(call program_objs,$(1)) $(B)/lib/libcertgate.a $(LDLIBS)
-include $(patsubst %.o,%.d,$(call program_objs,$(1)))
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rule,$(p))))
-include $(patsubst %.o,%.d,$(LIB_OBJS)) $(UNIT_TESTS:%=%.d) $(TEST_TOOLS:%=%.d)

# Of all that is built these come first.
$(B)/schema/%.pb-c.c $(B)/schema/%.pb-c.h: schema/%.proto
	@[ -n '$(PKG_LIBS)' ] && command -v protoc-c >/dev/null || \
		{ echo 'Packages are missing: apt-get install $(BUILD_PACKAGES)'; exit 1; } >&2
	@mkdir -p $(@D)
	@protoc-c --proto_path=schema --c_out=$(B)/schema $<

$(B)/schema/%.pb-c.o: $(B)/schema/%.pb-c.c $(PROTOS:%.proto=$(B)/%.pb-c.h)
	@$(CC) -std=gnu11 $(MODE_$(MODE)) -fPIE -I$(B)/schema $(CFLAGS) -c -o $@ $<

# The generated headers first: any source may include them.
$(B)/%.o: %.c Makefile $(PROTOS:%.proto=$(B)/%.pb-c.h)
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/lib/page/template.o: lib/page/template.cc Makefile
	@mkdir -p $(@D)
	@echo "  CXX  $<"
	@$(CXX) $(ALL_CXXFLAGS) -MMD -MP -c -o $@ $<

$(B)/tests/unit/%_test: tests/unit/%_test.c $(B)/lib/libcertgate.a Makefile
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(ALL_CFLAGS) -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< $(B)/lib/libcertgate.a -lcmocka $(LDLIBS)

$(B)/tests/tools/%: tests/tools/%.c $(B)/lib/libcertgate.a Makefile
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(ALL_CFLAGS) -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< $(B)/lib/libcertgate.a $(LDLIBS)

FUZZ_ENGINE = $(if $(filter fuzz,$(MODE)),-fsanitize=fuzzer,$(B)/tests/fuzz/replay.o)
# What is the gate's own.
$(B)/tests/fuzz/fields $(B)/tests/fuzz/rewrite: $(B)/tests/fuzz/%: $(B)/cgi-bin/gate/%.o
$(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/fuzz.o $(B)/tests/fuzz/replay.o $(B)/lib/libcertgate.a
	@echo "  LINK $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $< $(filter $(B)/cgi-bin/%,$^) $(B)/tests/fuzz/fuzz.o $(FUZZ_ENGINE) $(B)/lib/libcertgate.a $(LDLIBS)
-include $(FUZZ_REPLAYS:%=%.d) $(B)/tests/fuzz/fuzz.d $(B)/tests/fuzz/replay.d

# --- run and test ---
# Packages first and the rest in a make of its own: this one has looked for the libraries before they
# were there.  The last command is one process, and make's SIGTERM reaches it; should make itself be
# killed, the kernel tells it.

run: export PORT := $(PORT)
run: export STATE := $(STATE)
run: export SERVER := $(SERVER)
run: export HOST := $(HOST)
run: export GATES := $(GATES)
run: export BIN := $(CURDIR)/$(B)/bin
run: ## starts the demo: PORT=8080 STATE=./var/demo HOST=127.0.0.1 GATES=1 SERVER=apache
	@tests/tools/install-packages $(BUILD_PACKAGES) $(RUN_PACKAGES)
	@$(MAKE) --no-print-directory all
	@exec env --default-signal=INT,TERM,HUP setpriv --pdeathsig TERM tests/tools/demo

# `make test TESTS="tests/gate/refusals.t"` runs some.
TESTS ?= $(UNIT_TESTS) $(FUZZ_REPLAYS) $(sort $(wildcard tests/*/*.t))
test: export MODE := $(MODE)
test: ## installs what is missing, builds, runs every test
	@tests/tools/install-packages $(BUILD_PACKAGES) $(RUN_PACKAGES) $(TEST_PACKAGES) $(DEB_PACKAGES)
	@$(MAKE) --no-print-directory all unit-tests build/node_modules/html-validate/package.json
	@exec setpriv --pdeathsig TERM tests/tools/run-tests $(TESTS)

# Both at once: npm removes what it is not told of.
build/node_modules/html-validate/package.json:
	@mkdir -p build
	@npm install --silent --no-audit --no-fund --no-save --ignore-scripts --prefix build \
		axe-core@$(AXE_VERSION) html-validate@$(HTML_VALIDATE_VERSION) >/dev/null 2>&1 || \
		echo "axe-core and html-validate cannot be had by npm: the tests of pages go on without them."

screenshots: ## pictures of all pages, in build/screenshots
	@tests/tools/install-packages $(BUILD_PACKAGES) $(RUN_PACKAGES) $(TEST_PACKAGES)
	@$(MAKE) --no-print-directory all $(B)/tests/tools/usage_fill
	@exec setpriv --pdeathsig TERM tests/tools/screenshots build/screenshots

pictures: ## the pictures of the README's walk, anew
	@tests/tools/install-packages $(BUILD_PACKAGES) $(RUN_PACKAGES) $(TEST_PACKAGES)
	@$(MAKE) --no-print-directory all
	@exec setpriv --pdeathsig TERM tests/tools/walk_pictures tests/browser/pictures

unit-tests: $(UNIT_TESTS) $(TEST_TOOLS) $(FUZZ_REPLAYS)

BENCHES ?= $(sort $(wildcard tests/bench/*))
bench: export MODE := $(MODE)
bench: export QUICK := $(QUICK)
bench: ## measures, as ratios within one run; QUICK=1 with less: BENCHES="tests/bench/store"
	@tests/tools/install-packages $(BUILD_PACKAGES) $(RUN_PACKAGES) $(TEST_PACKAGES) $(BENCH_PACKAGES)
	@$(MAKE) --no-print-directory all unit-tests
	@for bench in $(BENCHES); do setpriv --pdeathsig TERM $$bench || failed=1; done; exit $${failed:-0}

deps: ## installs the Debian packages that building, running, testing and checking need
	@tests/tools/install-packages $(BUILD_PACKAGES) $(RUN_PACKAGES) $(TEST_PACKAGES) $(DEB_PACKAGES) $(CHECK_PACKAGES)

# --- check ---
C_FILES := $(sort $(wildcard lib/*/*.[ch] cgi-bin/*/*.[ch] cgi-bin/*/*/*.[ch] tests/unit/*.[ch] tests/tools/*.[ch] tests/fuzz/*.[ch]))
SCRIPTS := .ci/run tests/tools/demo tests/tools/install-packages tests/tools/coverage tests/fuzz/run \
	$(wildcard apache-conf/debian/certgate.p*) apache-conf/user/certgate.cgi \
	$(shell grep -lE '^.!/bin/(ba)?sh' tests/*/*.t /dev/null 2>/dev/null)
# Narrow on purpose: what it finds is looked at.  Off, because it finds what is none here: out-parameters
# that are set only on CG_OK, by a function in another file, look unset to the analyser; constants such
# as 256 * 1024 and arrays of pointers look like mistakes; gcc's -Wconversion watches narrowing.
TIDY := -*,clang-analyzer-*,bugprone-*,cert-err33-c,-clang-analyzer-valist.Uninitialized,$\
	-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling,$\
	-clang-analyzer-core.CallAndMessage,-clang-analyzer-core.uninitialized.Assign,$\
	-clang-analyzer-core.NullDereference,-clang-analyzer-optin.performance.Padding,$\
	-bugprone-easily-swappable-parameters,-bugprone-reserved-identifier,-bugprone-branch-clone,$\
	-bugprone-assignment-in-if-condition,-bugprone-narrowing-conversions,$\
	-bugprone-implicit-widening-of-multiplication-result,-bugprone-sizeof-expression,$\
	-bugprone-suspicious-missing-comma

check: ## static analysis, formatting, unit tests with sanitizers
	@tests/tools/install-packages $(BUILD_PACKAGES) $(TEST_PACKAGES) $(CHECK_PACKAGES)
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory MODE=sanitize unit-tests
	@setpriv --pdeathsig TERM tests/tools/run-tests $(UNIT_TESTS:$(B)/%=build/sanitize/%) \
		$(FUZZ_REPLAYS:$(B)/%=build/sanitize/%)
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=5

coverage: ## lines that the tests reach, by file: TESTS="build/coverage/tests/unit/cert_test" with some
	@tests/tools/install-packages $(BUILD_PACKAGES) $(RUN_PACKAGES) $(TEST_PACKAGES) $(DEB_PACKAGES)
	@[ ! -d build/coverage ] || find build/coverage -name '*.gcda' -delete
	@$(MAKE) --no-print-directory MODE=coverage all unit-tests
	@setpriv --pdeathsig TERM tests/tools/coverage $(if $(filter file,$(origin TESTS)),--judge) \
		$(TESTS:$(B)/%=build/coverage/%)

# What is found goes to build/fuzz/found: inputs that reach something new, and those that end the
# process, which are named at the end.
TARGET ?= $(FUZZ_TARGETS)
FUZZ_SECONDS ?= 600
fuzz: ## makes up inputs for the parsers: FUZZ_SECONDS=600 for each, TARGET="paste facts" some
	@tests/tools/install-packages $(BUILD_PACKAGES) $(TEST_PACKAGES) $(FUZZ_PACKAGES)
	@$(MAKE) --no-print-directory MODE=fuzz CC=clang fuzz-targets
	@for target in $(TARGET); do \
		setpriv --pdeathsig TERM tests/fuzz/run $$target $(FUZZ_SECONDS) || failed=1; done; exit $${failed:-0}

fuzz-targets: $(FUZZ_REPLAYS)

lint: $(PROTOS:%.proto=$(B)/%.pb-c.h)
	clang-format --dry-run -Werror $(C_FILES)
	shellcheck -x $(SCRIPTS)
	codespell --quiet-level 2 --skip '*/corpus' -L te,nmae,2st,nd,ines,hel Makefile $(wildcard README.md) apache-conf lib cgi-bin schema \
		$(filter-out tests/certs,$(wildcard tests/*))
	cppcheck --quiet --std=c11 --enable=warning,portability,performance --inline-suppr \
		--suppress=nullPointerRedundantCheck --error-exitcode=1 -Ilib $(filter %.c,$(C_FILES))
	clang-tidy --quiet --warnings-as-errors='*' --checks='$(TIDY)' $(filter %.c,$(C_FILES)) -- \
		-std=gnu11 -Ilib -isystem $(B) $(PKG_CFLAGS) $(CG_DEFINES)

# --- install ---
# Files that are installed as they lie here, but for the paths in them.
CONFS := $(sort $(wildcard apache-conf/*.conf apache-conf/lighttpd/* apache-conf/etc/* apache-conf/systemd/* apache-conf/user/*))
DOCS := $(wildcard README.md LICENSE SECURITY.md CHANGELOG.md)
manual_target = $(MANDIR)/man$(subst .,,$(suffix $(1)))/$(notdir $(1))

# Only what cannot be done otherwise is done as root: what is built stays the caller's.
INTO = $(foreach name,PREFIX DESTDIR CGIDIR DATADIR DOCDIR MANDIR SYSCONFDIR MODE,$(name)='$(subst ','\'',$($(name)))')
AS_ROOT = above="$(DESTDIR)$(PREFIX)"; until [ -e "$$above" ]; do above=$$(dirname "$$above"); done; \
	as_root=; [ -w "$$above" ] || as_root=$$(command -v sudo) || \
	{ echo "$$above is not yours to write: become root, or name another PREFIX." >&2; exit 1; }; $$as_root

install: ## installs what the build misses, builds, installs below PREFIX (/usr/local), DESTDIR honoured; starts nothing
	@tests/tools/install-packages $(BUILD_PACKAGES)
	@$(MAKE) --no-print-directory all
	@$(AS_ROOT) $(MAKE) --no-print-directory install-files $(INTO)
	@echo 'Installed below $(PREFIX). What comes next: README.md, "On your own host".'

uninstall: ## removes what install made; data and settings stay
	@$(AS_ROOT) $(MAKE) --no-print-directory uninstall-files $(INTO)

install-files:
	install -d "$(DESTDIR)$(CGIDIR)" "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(DATADIR)/empty" "$(DESTDIR)$(DOCDIR)"
	install -m 755 $(PROGRAMS:%=$(B)/bin/%) "$(DESTDIR)$(CGIDIR)"
	ln -sf "$(CGIDIR)/certgate" "$(DESTDIR)$(PREFIX)/bin/certgate"
	@for file in $(CONFS); do \
		mode=644; [ ! -x $$file ] || mode=755; \
		install -D -m $$mode $$file "$(DESTDIR)$(DATADIR)/$$file" && \
		sed -i -e 's#/usr/local/share/certgate#$(DATADIR)#' -e 's#/usr/lib/certgate/cgi-bin#$(CGIDIR)#' \
			-e 's#/etc/certgate/#$(SYSCONFDIR)/certgate/#' \
			"$(DESTDIR)$(DATADIR)/$$file" || exit 1; done
	@for file in $(TEMPLATES); do \
		install -D -m 644 $$file "$(DESTDIR)$(DATADIR)/$$file" || exit 1; done
	@$(foreach page,$(MANUAL),install -D -m 644 $(page) "$(DESTDIR)$(call manual_target,$(page))" &&) true
	install -m 644 $(DOCS) "$(DESTDIR)$(DOCDIR)"

uninstall-files:
	rm -f $(PROGRAMS:%="$(DESTDIR)$(CGIDIR)/%") "$(DESTDIR)$(PREFIX)/bin/certgate" \
		$(foreach page,$(MANUAL),"$(DESTDIR)$(call manual_target,$(page))") \
		$(DOCS:%="$(DESTDIR)$(DOCDIR)/%")
	rm -rf "$(DESTDIR)$(DATADIR)/templates" "$(DESTDIR)$(DATADIR)/apache-conf"
	-for folder in "$(DESTDIR)$(CGIDIR)" "$(DESTDIR)$(PREFIX)/lib/certgate" \
		"$(DESTDIR)$(DATADIR)/empty" "$(DESTDIR)$(DATADIR)" "$(DESTDIR)$(DOCDIR)"; do \
		[ ! -d "$$folder" ] || rmdir --ignore-fail-on-non-empty "$$folder"; done

# The package's own files lie in apache-conf/debian; beside a copy of the sources they are its source
# package, which is built in build/deb.
DEB := build/deb/certgate-$(VERSION)
deb: ## the Debian package, in build/deb
	@tests/tools/install-packages $(BUILD_PACKAGES) $(DEB_PACKAGES)
	@rm -rf build/deb
	@mkdir -p $(DEB)
	@cp -R Makefile $(DOCS) apache-conf cgi-bin lib schema templates $(DEB)
	@mv $(DEB)/apache-conf/debian $(DEB)/debian
	@cp apache-conf/systemd/* $(DEB)/debian
	@sed -i 's/@BUILD@/$(subst $(eval ) ,$(comma) ,$(filter-out gcc g++ libc6-dev,$(BUILD_PACKAGES)))/' $(DEB)/debian/control
	cd $(DEB) && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL dpkg-buildpackage --build=binary --no-sign --jobs=2 >../build.log 2>&1 || \
		{ tail -40 ../build.log; exit 1; }
	lintian --display-info --fail-on error,warning --tag-display-limit 0 --allow-root build/deb/*.changes
	@ls build/deb/*.deb

# Without a running systemd: the exposure that it works out from the unit alone.
systemd-security: ## what systemd thinks of the unit's hardening
	systemd-analyze security --offline=true --no-pager apache-conf/systemd/certgate.service

clean: ## removes what the build made
	rm -rf build

help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

.PHONY: all always coverage run deb systemd-security test screenshots pictures unit-tests fuzz fuzz-targets bench deps check lint install uninstall install-files uninstall-files clean help
