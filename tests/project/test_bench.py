"""make bench: the comparison with earlier results, and the figures in the
pages."""

import os
import subprocess
import sys

import pytest

from helpers import PROJECT, PY2

FOLDERS = [os.path.join(PROJECT, "bench"), PROJECT]

if not os.path.exists(FOLDERS[0]):
    pytest.skip("the tests are not in a source tree",
                allow_module_level=True)
if PY2:
    pytest.skip("the scripts of bench/ are for Python 3",
                allow_module_level=True)

sys.path[:0] = FOLDERS
import compare  # noqa: E402
import pages  # noqa: E402
import report  # noqa: E402
del sys.path[:len(FOLDERS)]


def run_of(wheel=None, **ratios):
    """Results with one row: (ratio, spread) for each contestant."""
    def as_json(pair):
        return {"ratio": pair[0], "spread": pair[1]}

    result = {"title": "an echo", "ratios": {
        name: as_json(pair) for name, pair in ratios.items()}}
    if wheel:
        result["wheel"] = as_json(wheel)
    return {"echo": result}


# Comparing

def test_slower():
    assert compare.slower(run_of(C=(1.0, 0.02), stock=(2.0, 0.02)),
                          run_of(C=(0.9, 0.02), stock=(2.0, 0.02))) == [
        ("an echo", "than C", 1.0, 0.9)]


def test_wheel_is_slower():
    assert compare.slower(run_of(wheel=(1.0, 0.02)),
                          run_of(wheel=(0.7, 0.05))) == [
        ("an echo", "wheel than pyOpenSSL", 1.0, 0.7)]


def test_faster_is_not_slower():
    assert compare.slower(run_of(C=(0.9, 0.01)), run_of(C=(1.0, 0.01))) == []


@pytest.mark.parametrize("before, now", [
    ((1.0, 0.02), (0.97, 0.02)),
    ((1.0, 0.2), (0.9, 0.01)),
    ((1.0, 0.01), (0.9, 0.2))], ids=["both", "before", "now"])
def test_noise_is_not_slower(before, now):
    assert compare.slower(run_of(C=before), run_of(C=now)) == []


@pytest.mark.parametrize("before, now", [
    (run_of(C=(None, 0.3)), run_of(C=(0.5, 0.01))),
    (run_of(C=(1.0, 0.01)), run_of(C=(None, 0.3))),
    (run_of(), run_of(C=(0.5, 0.01))),
    ({}, run_of(C=(0.5, 0.01)))], ids=["noisy before", "noisy now",
                                       "new contestant", "new row"])
def test_what_cannot_be_compared_is_not_slower(before, now):
    assert compare.slower(before, now) == []


def test_text():
    before = run_of(C=(1.0, 0.01))
    lines = compare.text(before, run_of(C=(0.5, 0.01))).splitlines()
    assert lines[-1].split() == ["an", "echo", "than", "C", "1.00", "0.50"]
    assert lines[-2].split() == ["before", "now"]
    # each figure must end in the same column as its heading
    for heading in ("before", "now"):
        end = lines[-2].index(heading) + len(heading)
        assert lines[-1][end - 4:end].strip().replace(".", "").isdigit()
    assert compare.text(before, before) == compare.NOTHING
    assert compare.text({}, before) == ""


def test_committed_results_are_those_of_the_commit(tmpdir):
    path = tmpdir.ensure(compare.RESULTS)
    path.write('{"echo": 1}')
    assert compare.committed(str(tmpdir)) == {"echo": 1}

    for command in ("init", "add .", "-c user.name=x -c user.email=x@x "
                    "commit -m x"):
        try:
            subprocess.check_output(["git"] + command.split(),
                                    cwd=str(tmpdir))
        except OSError:
            pytest.skip("git is not installed")
    path.write('{"echo": 2}')
    assert compare.committed(str(tmpdir)) == {"echo": 1}


# The pages

@pytest.mark.parametrize("name, part, content", pages.PAGES,
                         ids=[page[1] for page in pages.PAGES])
def test_pages_have_the_figures_of_the_results(name, part, content):
    text = pages.read(name)
    assert pages.filled(text, part, content(report.load())) == text


def test_table_is_aligned():
    figures = {"figures": {"stock 2.7": {"cpu": 0.0123}}}
    rule, heading, _, line, _ = pages.table({"full": figures}).splitlines()
    column = heading.index("2.7's")
    assert rule[column - 1:column + 1] == " ="
    assert line[column:].strip() == "12.3 ms"
    assert line.startswith("full handshake")


def test_page_without_marks():
    with pytest.raises(ValueError):
        pages.filled("no figures here", "table", "")
