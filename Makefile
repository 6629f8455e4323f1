# What can be done here; all of it happens in .build.
#   PYTHON=...             an interpreter to use before those that are found
#   PYTHONS="2.7 3.11"     the versions that are tested
#   ARGS="-k session -x"   more for pytest
#   MODULES="test_ssl"     the modules of test-cpython

PYTHON3 = python3

.PHONY: help demo docs test test-asan test-behaviour test-certificates \
    test-cpython test-long test-openssl test-tsan test-valgrind fuzz soak \
    load bench test-ecosystem bench-origins wheels check-wheels \
    check-debian11 check-newest wheels-newest check-wheels-newest \
    check-upstream check-ktls clean python3

help:
	@echo "make demo    what the backport does, beside the Python's own ssl"
	@echo "make test    the tests, in each Python of 2.7, 3.6 and 3.11 found"
	@echo "             (PYTHONS=\"2.7 3.12\" for others, ARGS for pytest,"
	@echo "             STOCK=1 for the Python's own ssl)"
	@echo "make bench   how fast it is, beside every other ssl and plain C"
	@echo "             (ROWS=\"sendall echo\" for some, QUICK=1 for few rounds)"
	@echo "make bench-origins   where its time goes; needs perf"
	@echo "make wheels  wheels with OpenSSL inside, for each Python found"
	@echo "             (ARCH=i686 or aarch64 for 2.7's on these; needs root)"
	@echo "make check-wheels    proves what the wheels promise"
	@echo "make check-debian11  the 2.7 wheel and the source in Debian 11, with"
	@echo "                     its CPython (amd64, i386, arm64) and its PyPy;"
	@echo "                     needs root, debootstrap and qemu-user-static"
	@echo "                     (HOSTS=\"pypy-amd64 cpython-i386\" for some)"
	@echo "make check-newest    all tests, CPython's too, with the newest Pythons,"
	@echo "                     in Debian's unstable suite; needs root and"
	@echo "                     debootstrap (ARGS=\"--pythons 3.15\" for one)"
	@echo "make wheels-newest check-wheels-newest    their wheels"
	@echo "make check-upstream  which OpenSSL, Python and packages are newer than"
	@echo "                     those here, and what to do; needs Debian's apt"
	@echo "make test-openssl    the tests with OpenSSL 1.1.1 to 4.0"
	@echo "                     (OPENSSL=\"3.5 3.0.20\" for some)"
	@echo "make test-asan       the tests with AddressSanitizer and UBSan"
	@echo "make test-tsan       those of threads with ThreadSanitizer"
	@echo "make test-valgrind   a part of the tests under valgrind"
	@echo "make test-long       the long forms of those that try at random"
	@echo "make fuzz            inputs that break a promise, sought by coverage"
	@echo "                     (20 s each; SECONDS=..., ONLY=\"loaders records\";"
	@echo "                     OPENSSL=4.0 for ech)"
	@echo "make soak    100,000 handshakes, 1,000,000 messages: flat memory"
	@echo "make load            two servers, 2,000 clients, good ones and bad"
	@echo "                     (10 minutes each; SECONDS=...)"
	@echo "make check-ktls      the tests of kTLS in a kernel that has TLS"
	@echo "make test-cpython    CPython's own tests, with its ssl and with ours"
	@echo "make test-certificates    a thousand certificate files, with 3.13's"
	@echo "                          ssl and with ours"
	@echo "make test-behaviour       each call in each state, with 3.15's ssl,"
	@echo "                          if make check-newest has made its tree, or"
	@echo "                          else 3.13's, and with ours"
	@echo "make docs    the pages of docs/ for a browser, in .build/manual"
	@echo "make test-ecosystem       thirty libraries on 2.7, with its ssl and with"
	@echo "                          ours (ARGS=\"--only redis\" for one)"
	@echo "make clean   removes .build, where environments and logs are kept"

demo: python3
	@$(PYTHON3) demo/run.py

test: python3
	@$(PYTHON3) -m ci.test.run_tests $(if $(PYTHONS),--pythons "$(PYTHONS)") \
	    $(if $(STOCK),--stock) $(ARGS)

bench: python3
	@$(PYTHON3) bench/run.py $(if $(ROWS),--rows "$(ROWS)") \
	    $(if $(QUICK),--quick)

bench-origins: python3
	@$(PYTHON3) bench/origins.py $(if $(ROWS),--rows "$(ROWS)")

wheels: python3
	@$(PYTHON3) -m ci.build.wheels $(if $(PYTHONS),--pythons "$(PYTHONS)") \
	    $(if $(ARCH),--arch "$(ARCH)")

check-wheels: python3
	@$(PYTHON3) -m ci.check.wheels $(if $(PYTHONS),--pythons "$(PYTHONS)") \
	    $(if $(ARCH),--arch "$(ARCH)")

check-debian11: python3
	@$(PYTHON3) -m ci.check.debian11 $(HOSTS)

check-newest: python3
	@$(PYTHON3) -m ci.shared.newest ci.check.newest $(ARGS)

wheels-newest: python3
	@$(PYTHON3) -m ci.shared.newest ci.build.wheels \
	    $(if $(PYTHONS),--pythons "$(PYTHONS)")

check-wheels-newest: python3
	@$(PYTHON3) -m ci.shared.newest ci.check.wheels \
	    $(if $(PYTHONS),--pythons "$(PYTHONS)")

check-upstream: python3
	@$(PYTHON3) -m ci.check.upstream

test-openssl: python3
	@$(PYTHON3) -m ci.test.openssl $(if $(OPENSSL),--openssl "$(OPENSSL)") \
	    $(ARGS)

test-asan: python3
	@$(PYTHON3) -m ci.test.asan $(if $(PYTHONS),--pythons "$(PYTHONS)") $(ARGS)

test-tsan: python3
	@$(PYTHON3) -m ci.test.tsan $(if $(PYTHONS),--pythons "$(PYTHONS)") $(ARGS)

test-valgrind: python3
	@$(PYTHON3) -m ci.test.valgrind \
	    $(if $(PYTHONS),--pythons "$(PYTHONS)") $(ARGS)

test-long: python3
	@SSLB_LONG=1 $(PYTHON3) -m ci.test.run_tests \
	    $(if $(PYTHONS),--pythons "$(PYTHONS)") $(ARGS) \
	    $(shell grep -lw LONG tests/*/test_*.py)

test-cpython: python3
	@$(PYTHON3) -m ci.test.cpython \
	    $(if $(PYTHONS),--pythons "$(PYTHONS)") \
	    $(if $(MODULES),--modules "$(MODULES)") $(ARGS)

test-certificates: python3
	@$(PYTHON3) -m ci.test.certificates \
	    $(if $(PYTHONS),--pythons "$(PYTHONS)")

docs: python3
	@$(PYTHON3) -m ci.pages.manual

test-ecosystem: python3
	@$(PYTHON3) -m ci.test.ecosystem $(ARGS)

test-behaviour: python3
	@$(PYTHON3) -m ci.test.behaviour \
	    $(if $(PYTHONS),--pythons "$(PYTHONS)")

fuzz: python3
	@$(PYTHON3) -m ci.test.fuzz $(if $(SECONDS),--seconds $(SECONDS)) \
	    $(if $(ONLY),--only $(ONLY)) $(if $(OPENSSL),--openssl $(OPENSSL))

soak: python3
	@$(PYTHON3) -m ci.test.soak $(if $(PYTHONS),--pythons "$(PYTHONS)") \
	    $(if $(QUICK),--quick)

load: python3
	@$(PYTHON3) -m ci.test.load $(if $(SECONDS),--seconds $(SECONDS))

check-ktls: python3
	@$(PYTHON3) -m ci.check.ktls $(if $(OPENSSL),--openssl "$(OPENSSL)")

clean:
	rm -rf .build

python3:
	@command -v $(PYTHON3) >/dev/null || { \
	    echo "$(PYTHON3) was not found.  To get it:"; \
	    echo "    Debian, Ubuntu:  apt-get install python3 python3-venv"; \
	    echo "    RHEL, Fedora:    dnf install python3"; exit 1; }
