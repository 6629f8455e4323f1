"""make test-certificates: proves that stock 3.13 and the backport make the
same of a thousand certificate files.

    python3 -m ci.test.certificates [--pythons "2.7 3.13"]

The files are those of the package cryptography_vectors, in the version of
ci/requirements/certificates.txt, and of Python 3.13's own tests.  Each is
loaded as a trust store and as a certificate chain, and what is in it is
decoded.  All must be the same, but for what
ci/test/certificate_differences.ini explains.  One table ends the run.  It
takes a quarter of a minute.
"""

import argparse
import collections
import configparser
import fnmatch
import json
import os
import subprocess
import sys

from ci.shared import environments
from ci.shared.environments import Failure

STOCK = "3.13"
PYTHONS = "2.7 3.13"
LOOK = os.path.join(environments.CI, "test", "look_at_certificates.py")
DIFFERENCES = os.path.join(environments.CI, "test",
                           "certificate_differences.ini")
FOLDER = os.path.join(environments.BUILD, "certificates-looked-at")
ENDINGS = (".pem", ".der", ".crt", ".cer", ".crl", ".key")

VECTORS = "import cryptography_vectors as v; print(v.__path__[0])"
TESTS = "import os, test; print(os.path.dirname(test.__file__))"

NO_STOCK = "Python %s was not found: its ssl is what is compared with." % STOCK

ROW = "%-22s %-8s %8s %8s %8s %8s"


# Files

def ask(python, code):
    return subprocess.check_output(
        [python, "-c", code], env=environments.clean_environ(),
        universal_newlines=True).strip()


def files_in(folder):
    return sorted(os.path.join(root, name)
                  for root, _, names in os.walk(folder) for name in names
                  if name.endswith(ENDINGS))


def find_files(stock, progress):
    """The paths of all files: the package's, and the Python's own."""
    environments.make_tools(progress, "certificates")
    vectors = ask(environments.tools_python("certificates"), VECTORS)
    try:
        tests = ask(stock, TESTS)
    except subprocess.CalledProcessError:
        tests = None
        progress.say("Python " + STOCK, "has no tests of its own")
    found = files_in(vectors) + (files_in(tests) if tests else [])
    progress.say("Files", "%d found" % len(found))
    return found


# Looking

def look(command, name, files, progress):
    """{(way, path): outcome}, and the version of OpenSSL, of one ssl."""
    folder = os.path.join(FOLDER, name)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "paths"), "w+") as paths:
        paths.write("".join(path + "\n" for path in files))
        paths.seek(0)
        process = subprocess.Popen(
            command + [LOOK, folder], stdin=paths, stdout=subprocess.PIPE,
            env=environments.clean_environ(), universal_newlines=True)
        found = follow(process.stdout, name, files, progress)
    if process.wait() != 0:
        raise Failure("%s ended with exit status %d, after %s" % (
            " ".join(command), process.returncode,
            list(found)[-1] if found else "nothing"))
    return found.pop(("OpenSSL", "")), found


def follow(stream, name, files, progress):
    """The outcomes as they come; tells of each quarter."""
    found, last, done = collections.OrderedDict(), "", 0
    for line in stream:
        way, path, outcome = json.loads(line)
        found[way, path] = outcome
        if path != last:
            last, before, done = path, done, done + 1
            if 4 * before // len(files) < 4 * done // len(files):
                progress.say(name, "%d of %d files" % (done, len(files)))
    return found


# Comparing

def read_differences():
    """[(way, pattern, reason)] from the data file."""
    parser = configparser.RawConfigParser(delimiters="=")
    parser.optionxform = str
    with open(DIFFERENCES) as stream:
        parser.read_file(stream)
    return [(way, pattern, " ".join(reason.split()))
            for way in parser.sections()
            for pattern, reason in parser.items(way)]


def in_short(outcome):
    """"raised SSLError PEM NO_START_LINE", or "returned"."""
    return (outcome[0] if outcome[0] == "returned"
            else " ".join(map(str, outcome)))


def explained(differences, way, path, stock, ours):
    text = "%s: %s / %s" % (os.path.basename(path), in_short(stock),
                            in_short(ours))
    return any(wanted == way and fnmatch.fnmatchcase(text, pattern)
               for wanted, pattern, _ in differences)


def compare(stock, ours, differences):
    """{way: [same, meant, list of the others]}."""
    table = collections.OrderedDict()
    for (way, path), outcome in stock.items():
        kind, found = way.split(" ")[0], ours[way, path]
        row = table.setdefault(kind, [0, 0, []])
        if found == outcome:
            row[0] += 1
        elif explained(differences, kind, path, outcome, found):
            row[1] += 1
        else:
            row[2].append((way, path, outcome, found))
    return table


def shortened(outcome):
    text = json.dumps(outcome)
    return text if len(text) < 1000 else text[:1000] + "..."


def report(tables):
    """Print what is not explained and the table; how many those are."""
    count = 0
    for table in tables.values():
        for _, _, others in table.values():
            for way, path, stock, ours in others:
                count += 1
                print("\n%s of %s\n    stock     %s\n    backport  %s" % (
                    way, path, shortened(stock), shortened(ours)))
    print("\n" + ROW % ("", "", "all", "same", "meant", "others"))
    for name, table in tables.items():
        for way, (same, meant, others) in table.items():
            print(ROW % (name, way, same + meant + len(others), same, meant,
                         len(others)))
    return count


def commands(names, progress):
    """[(name, command)]: the stock ssl first, then ours in each Python."""
    interpreter = environments.find(STOCK)
    if interpreter is None:
        raise Failure(NO_STOCK)
    stock = environments.prepare(interpreter, progress)
    yield "stock, Python " + STOCK, [stock]
    for name in names.split():
        interpreter = environments.find(name)
        if interpreter is None:
            raise Failure("Python %s was not found." % name)
        python = environments.prepare(interpreter, progress)
        yield ("backport, Python " + name, [python, "-m", "_ssl_backport"])


def test(names, progress):
    """{name: comparison} of the backport in each Python."""
    (stock_name, stock), *others = commands(names, progress)
    files = find_files(stock[0], progress)
    version, expected = look(stock, stock_name, files, progress)
    differences = read_differences()
    tables = collections.OrderedDict()
    for name, command in others:
        found_version, found = look(command, name, files, progress)
        if found_version != version:
            progress.say(name, "has %s, not %s" % (found_version, version))
        tables[name] = compare(expected, found, differences)
    return tables


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--pythons", metavar="VERSIONS", default=PYTHONS,
                        help="such as '2.7 3.6' (default: %s)" % PYTHONS)
    options = parser.parse_args()
    try:
        tables = test(options.pythons, environments.Progress())
    except Failure as failure:
        return "\n%s" % failure
    if report(tables):
        return "\nWhat differs is not explained in ci/test/%s." % (
            os.path.basename(DIFFERENCES))
    return 0


if __name__ == "__main__":
    sys.exit(main())
