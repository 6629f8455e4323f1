# What can be done here; all of it happens in .build.
#   PYTHON=...             an interpreter to use before those that are found
#   PYTHONS="2.7 3.11"     the versions that are tested
#   ARGS="-k session -x"   more for pytest
#   MODULES="test_ssl"     the modules of test-cpython
#
# A line that begins with "#:" is one of `make help`.

PYTHON3 = python3

.PHONY: help demo clean test test-long test-openssl test-cpython \
    test-behaviour test-certificates test-ecosystem test-opt-in test-asan \
    test-tsan test-valgrind fuzz soak load check-rooms check-wheels \
    check-debian11 check-newest check-wheels-newest check-ktls \
    check-upstream wheels wheels-newest docs bench bench-origins python3

help:
	@sed -n 's/^#: \{0,1\}//p' Makefile

#: Use:
#:   make demo            small programs with Python's own ssl and the backport
demo: python3
	@$(PYTHON3) demo/run.py

#:   make clean           remove .build, which has all environments and logs
clean:
	rm -rf .build

#:
#: Test:
#:   make test            all tests, on each Python of 2.7, 3.6 and 3.11 found
#:                        (PYTHONS="2.7 3.12" for others; ARGS for pytest;
#:                        STOCK=1 for the Python's own ssl)
test: python3
	@$(PYTHON3) -m ci.test.run_tests $(if $(PYTHONS),--pythons "$(PYTHONS)") \
	    $(if $(STOCK),--stock) $(ARGS)

#:   make test-long       longer runs of the random tests, and slow tests
test-long: python3
	@SSLB_LONG=1 $(PYTHON3) -m ci.test.run_tests \
	    $(if $(PYTHONS),--pythons "$(PYTHONS)") $(ARGS) \
	    $(shell grep -lw LONG tests/*/test_*.py)

#:   make test-openssl    all tests with each OpenSSL line, 1.1.1 to 4.0
#:                        (OPENSSL="3.5 3.0.20" for some)
test-openssl: python3
	@$(PYTHON3) -m ci.test.openssl $(if $(OPENSSL),--openssl "$(OPENSSL)") \
	    $(ARGS)

#:   make test-cpython    CPython's own tests, with its ssl and with ours
#:                        (MODULES="test_ssl" for some modules)
test-cpython: python3
	@$(PYTHON3) -m ci.test.cpython \
	    $(if $(PYTHONS),--pythons "$(PYTHONS)") \
	    $(if $(MODULES),--modules "$(MODULES)") $(ARGS)

#:   make test-behaviour  calls in each state, with the newest stock ssl and
#:                        with ours: 3.15's in the Debian folder that make
#:                        check-newest makes, or else 3.13's
test-behaviour: python3
	@$(PYTHON3) -m ci.test.behaviour \
	    $(if $(PYTHONS),--pythons "$(PYTHONS)")

#:   make test-certificates   a thousand certificate files, with 3.13's ssl
#:                        and with ours
test-certificates: python3
	@$(PYTHON3) -m ci.test.certificates \
	    $(if $(PYTHONS),--pythons "$(PYTHONS)")

#:   make test-ecosystem  thirty libraries on 2.7, with its ssl and with ours
#:                        (ARGS="--only redis" for one)
test-ecosystem: python3
	@$(PYTHON3) -m ci.test.ecosystem $(ARGS)

#:   make test-opt-in     each way to opt in, with the real program, on 2.7
#:                        (ARGS="--only cron" for one)
test-opt-in: python3
	@$(PYTHON3) -m ci.test.opt_in $(ARGS)

#:   make test-asan       all tests with AddressSanitizer and UBSan
test-asan: python3
	@$(PYTHON3) -m ci.test.asan $(if $(PYTHONS),--pythons "$(PYTHONS)") $(ARGS)

#:   make test-tsan       the tests of threads with ThreadSanitizer
test-tsan: python3
	@$(PYTHON3) -m ci.test.tsan $(if $(PYTHONS),--pythons "$(PYTHONS)") $(ARGS)

#:   make test-valgrind   some of the tests under valgrind
test-valgrind: python3
	@$(PYTHON3) -m ci.test.valgrind \
	    $(if $(PYTHONS),--pythons "$(PYTHONS)") $(ARGS)

#:   make fuzz            fuzzing, guided by coverage (20 s for each harness;
#:                        SECONDS=..., ONLY="loaders records";
#:                        OPENSSL=4.0 for ech)
fuzz: python3
	@$(PYTHON3) -m ci.test.fuzz $(if $(SECONDS),--seconds $(SECONDS)) \
	    $(if $(ONLY),--only $(ONLY)) $(if $(OPENSSL),--openssl $(OPENSSL))

#:   make soak            100,000 handshakes, 1,000,000 messages: no leak
#:                        (QUICK=1 for fewer)
soak: python3
	@$(PYTHON3) -m ci.test.soak $(if $(PYTHONS),--pythons "$(PYTHONS)") \
	    $(if $(QUICK),--quick)

#:   make load            two servers with 2,000 good and bad clients
#:                        (10 minutes each; SECONDS=...)
load: python3
	@$(PYTHON3) -m ci.test.load $(if $(SECONDS),--seconds $(SECONDS))

#:
#: Check:
#:   make check-rooms     no circle among the files of Modules/
check-rooms: python3
	@$(PYTHON3) -m ci.check.rooms \
	    $(wildcard .build/python2.7/project/build/temp.*/Modules)

#:   make check-wheels    that the wheels keep their promises
check-wheels: python3
	@$(PYTHON3) -m ci.check.wheels $(if $(PYTHONS),--pythons "$(PYTHONS)") \
	    $(if $(ARCH),--arch "$(ARCH)")

#:   make check-debian11  the 2.7 wheel and the source in Debian 11, with its
#:                        CPython (amd64, i386, arm64) and PyPy; needs root,
#:                        debootstrap and qemu-user-static
#:                        (HOSTS="pypy-amd64 cpython-i386" for some)
check-debian11: python3
	@$(PYTHON3) -m ci.check.debian11 $(HOSTS)

#:   make check-newest    all tests, CPython's too, with the newest Pythons, in
#:                        Debian's unstable suite; needs root and debootstrap
#:                        (ARGS="--pythons 3.15" for one)
check-newest: python3
	@$(PYTHON3) -m ci.shared.newest ci.check.newest $(ARGS)

#:   make check-wheels-newest   the same for wheels of the newest Pythons
check-wheels-newest: python3
	@$(PYTHON3) -m ci.shared.newest ci.check.wheels \
	    $(if $(PYTHONS),--pythons "$(PYTHONS)")

#:   make check-ktls      the tests of kTLS in a kernel that has TLS
check-ktls: python3
	@$(PYTHON3) -m ci.check.ktls $(if $(OPENSSL),--openssl "$(OPENSSL)")

#:   make check-upstream  which OpenSSL, Python and packages are newer than
#:                        those here, and what to do; needs Debian's apt
check-upstream: python3
	@$(PYTHON3) -m ci.check.upstream

#:
#: Build:
#:   make wheels          wheels with OpenSSL inside, for each Python found
#:                        (ARCH=i686 or aarch64 for 2.7's on these; needs root)
wheels: python3
	@$(PYTHON3) -m ci.build.wheels $(if $(PYTHONS),--pythons "$(PYTHONS)") \
	    $(if $(ARCH),--arch "$(ARCH)")

#:   make wheels-newest   wheels for the newest Pythons; needs root
wheels-newest: python3
	@$(PYTHON3) -m ci.shared.newest ci.build.wheels \
	    $(if $(PYTHONS),--pythons "$(PYTHONS)")

#:
#: Pages:
#:   make docs            the pages of docs/ for a browser, in .build/manual
docs: python3
	@$(PYTHON3) -m ci.pages.manual

#:
#: Measure:
#:   make bench           speed, compared with every other ssl and plain C
#:                        (ROWS="sendall echo" for some, QUICK=1 for less)
bench: python3
	@$(PYTHON3) bench/run.py $(if $(ROWS),--rows "$(ROWS)") \
	    $(if $(QUICK),--quick)

#:   make bench-origins   where the time goes; needs perf
bench-origins: python3
	@$(PYTHON3) bench/origins.py $(if $(ROWS),--rows "$(ROWS)")

python3:
	@command -v $(PYTHON3) >/dev/null || { \
	    echo "$(PYTHON3) was not found.  To get it:"; \
	    echo "    Debian, Ubuntu:  apt-get install python3 python3-venv"; \
	    echo "    RHEL, Fedora:    dnf install python3"; exit 1; }
