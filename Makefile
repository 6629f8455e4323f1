# The commands of the project.  They write to .build and, for what outlives
# `make clean`, to SSLB_CACHE or ~/.cache/ssl-backport.  Variables:
#   PYTHON=...             an interpreter that is preferred to those found
#   PYTHONS="2.7 3.11"     the versions of Python to use
#   ARGS="-k session -x"   more arguments, for pytest or for the script
#   MODULES="test_ssl"     the test modules for test-cpython
#
# `make help` prints the lines that begin with "#:".

PYTHON3 = python3

.PHONY: help demo clean test test-long test-openssl test-cpython \
    test-behaviour test-certificates test-ecosystem test-opt-in test-asan \
    test-tsan test-valgrind fuzz soak load check-rooms check-wheels \
    check-debian11 check-newest check-wheels-newest check-ktls \
    check-upstream wheels wheels-newest docs bench bench-origins python3

help:
	@sed -n 's/^#: \{0,1\}//p' Makefile

#: PYTHON=/opt/bin/python2.7 names an interpreter, which the targets prefer to
#: the interpreters that they find.
#:
#: Use:
#:   make demo            run small programs with Python's own ssl and with the
#:                        backport
demo: python3
	@$(PYTHON3) demo/run.py

#:   make clean           remove .build, which contains environments and logs
clean:
	rm -rf .build

#:
#: Test:
#:   make test            all tests, on 2.7, 3.6 and 3.11 where installed
#:                        (PYTHONS="2.7 3.12" for others; ARGS for pytest;
#:                        STOCK=1 tests the Python's own ssl)
test: python3
	@$(PYTHON3) -m ci.test.run_tests $(if $(PYTHONS),--pythons "$(PYTHONS)") \
	    $(if $(STOCK),--stock) $(ARGS)

#:   make test-long       the random tests with more rounds, and slow tests
test-long: python3
	@SSLB_LONG=1 $(PYTHON3) -m ci.test.run_tests \
	    $(if $(PYTHONS),--pythons "$(PYTHONS)") $(ARGS) \
	    $(shell grep -lw LONG tests/*/test_*.py)

#:   make test-openssl    all tests with OpenSSL 1.1.1, 3.0, 3.5, 3.6 and 4.0
#:                        (OPENSSL="3.5 3.0.20" for some releases)
test-openssl: python3
	@$(PYTHON3) -m ci.test.openssl $(if $(OPENSSL),--openssl "$(OPENSSL)") \
	    $(ARGS)

#:   make test-cpython    CPython's own tests, with its ssl and the backport
#:                        (MODULES="test_ssl" for some modules)
test-cpython: python3
	@$(PYTHON3) -m ci.test.cpython \
	    $(if $(PYTHONS),--pythons "$(PYTHONS)") \
	    $(if $(MODULES),--modules "$(MODULES)") $(ARGS)

#:   make test-behaviour  compare the results of calls with the newest stock
#:                        ssl: 3.15's if make check-newest has installed it,
#:                        otherwise 3.13's
test-behaviour: python3
	@$(PYTHON3) -m ci.test.behaviour \
	    $(if $(PYTHONS),--pythons "$(PYTHONS)")

#:   make test-certificates   load a thousand certificate files with 3.13's
#:                        ssl and with the backport, and compare
test-certificates: python3
	@$(PYTHON3) -m ci.test.certificates \
	    $(if $(PYTHONS),--pythons "$(PYTHONS)")

#:   make test-ecosystem  thirty libraries on 2.7, with its ssl and the
#:                        backport (ARGS="--only redis" for one)
test-ecosystem: python3
	@$(PYTHON3) -m ci.test.ecosystem $(ARGS)

#:   make test-opt-in     each way to start a program with the backport, with
#:                        the real program, on 2.7 (ARGS="--only cron" for one)
test-opt-in: python3
	@$(PYTHON3) -m ci.test.opt_in $(ARGS)

#:   make test-asan       all tests with AddressSanitizer and UBSan
test-asan: python3
	@$(PYTHON3) -m ci.test.asan $(if $(PYTHONS),--pythons "$(PYTHONS)") $(ARGS)

#:   make test-tsan       the thread tests with ThreadSanitizer
test-tsan: python3
	@$(PYTHON3) -m ci.test.tsan $(if $(PYTHONS),--pythons "$(PYTHONS)") $(ARGS)

#:   make test-valgrind   some of the tests under valgrind
test-valgrind: python3
	@$(PYTHON3) -m ci.test.valgrind \
	    $(if $(PYTHONS),--pythons "$(PYTHONS)") $(ARGS)

#:   make fuzz            coverage-guided fuzzing, 20 s for each harness
#:                        (SECONDS=...; ONLY="loaders records" for some;
#:                        OPENSSL=4.0, which the harness ech needs)
fuzz: python3
	@$(PYTHON3) -m ci.test.fuzz $(if $(SECONDS),--seconds $(SECONDS)) \
	    $(if $(ONLY),--only $(ONLY)) $(if $(OPENSSL),--openssl $(OPENSSL))

#:   make soak            100,000 handshakes and 1,000,000 messages without a
#:                        leak (QUICK=1 for fewer)
soak: python3
	@$(PYTHON3) -m ci.test.soak $(if $(PYTHONS),--pythons "$(PYTHONS)") \
	    $(if $(QUICK),--quick)

#:   make load            two servers, each with 2,000 clients at once, good
#:                        and bad, for 10 minutes (SECONDS=...)
load: python3
	@$(PYTHON3) -m ci.test.load $(if $(SECONDS),--seconds $(SECONDS))

#:
#: Check:
#:   make check-rooms     no circular includes or calls in Modules/
check-rooms: python3
	@$(PYTHON3) -m ci.check.rooms \
	    $(wildcard .build/python2.7/project/build/temp.*/Modules)

#:   make check-wheels    tags, contents, installation, tests and repeated
#:                        build of the wheels that make wheels has built
check-wheels: python3
	@$(PYTHON3) -m ci.check.wheels $(if $(PYTHONS),--pythons "$(PYTHONS)") \
	    $(if $(ARCH),--arch "$(ARCH)")

#:   make check-debian11  the tests in Debian 11, with its CPython 2.7 (amd64,
#:                        i386, arm64) and PyPy; needs root, debootstrap and
#:                        qemu-user-static
#:                        (HOSTS="pypy-amd64 cpython-i386" for some)
check-debian11: python3
	@$(PYTHON3) -m ci.check.debian11 $(HOSTS)

#:   make check-newest    all tests and CPython's own, with the newest Pythons
#:                        from Debian unstable; needs root and debootstrap
#:                        (ARGS="--pythons 3.15" for one)
check-newest: python3
	@$(PYTHON3) -m ci.shared.newest ci.check.newest $(ARGS)

#:   make check-wheels-newest   check-wheels for the newest Pythons
check-wheels-newest: python3
	@$(PYTHON3) -m ci.shared.newest ci.check.wheels \
	    $(if $(PYTHONS),--pythons "$(PYTHONS)")

#:   make check-ktls      the kTLS tests in a kernel that supports TLS
check-ktls: python3
	@$(PYTHON3) -m ci.check.ktls $(if $(OPENSSL),--openssl "$(OPENSSL)")

#:   make check-upstream  list the OpenSSLs, Pythons and packages that are
#:                        newer than the pinned ones; needs Debian's apt
check-upstream: python3
	@$(PYTHON3) -m ci.check.upstream

#:
#: Build:
#:   make wheels          wheels that contain OpenSSL, for each Python found
#:                        (ARCH=i686 or aarch64 for 2.7's, which needs root)
wheels: python3
	@$(PYTHON3) -m ci.build.wheels $(if $(PYTHONS),--pythons "$(PYTHONS)") \
	    $(if $(ARCH),--arch "$(ARCH)")

#:   make wheels-newest   wheels for the newest Pythons; needs root
wheels-newest: python3
	@$(PYTHON3) -m ci.shared.newest ci.build.wheels \
	    $(if $(PYTHONS),--pythons "$(PYTHONS)")

#:
#: Pages:
#:   make docs            the manual as web pages, in .build/manual
docs: python3
	@$(PYTHON3) -m ci.pages.manual

#:
#: Measure:
#:   make bench           compare the speed with other ssl modules and with C
#:                        (ROWS="sendall echo" for some; QUICK=1 is shorter)
bench: python3
	@$(PYTHON3) bench/run.py $(if $(ROWS),--rows "$(ROWS)") \
	    $(if $(QUICK),--quick)

#:   make bench-origins   which code uses the CPU time; needs perf
bench-origins: python3
	@$(PYTHON3) bench/origins.py $(if $(ROWS),--rows "$(ROWS)")

python3:
	@command -v $(PYTHON3) >/dev/null || { \
	    echo "$(PYTHON3) was not found.  To install it:"; \
	    echo "    Debian, Ubuntu:  apt-get install python3 python3-venv"; \
	    echo "    RHEL, Fedora:    dnf install python3"; exit 1; }
