"""What a test file says: one line of TAP for each check, and the plan at its end."""
import contextlib
import os
import re
import sys
import traceback

from environment import TREE

_count = 0
_failed = 0
_planned = None
_case = ""
_endings = []


def diag(*texts):
    for text in texts:
        for line in str(text).splitlines() or [""]:
            print("# " + line)
    sys.stdout.flush()


def ok(condition, name):
    global _count, _failed
    _count += 1
    _failed += not condition
    name = (_case + str(name)).replace("#", "\\#").replace("\n", " ")
    print(f"{'' if condition else 'not '}ok {_count} - {name}", flush=True)
    if not condition:
        for frame in reversed(traceback.extract_stack()):
            if frame.filename != __file__ and "contextlib" not in frame.filename:
                diag(f"at {os.path.relpath(frame.filename, TREE)} line {frame.lineno}")
                break
    return bool(condition)


def skip(name, why):
    global _count
    _count += 1
    print(f"ok {_count} - {name} # SKIP {why}", flush=True)


def is_eq(got, want, name):
    if ok(got == want, name):
        return True
    diag(f"got:  {got!r}", f"want: {want!r}")
    return False


def like(text, pattern, name):
    text = text.decode("latin-1") if isinstance(text, bytes) else str(text)
    if ok(re.search(pattern, text), name):
        return True
    diag(f"text:    {text[:2000]!r}", f"pattern: {pattern}")
    return False


def unlike(text, pattern, name):
    text = text.decode("latin-1") if isinstance(text, bytes) else str(text)
    if ok(not re.search(pattern, text), name):
        return True
    diag(f"text:    {text[:2000]!r}", f"pattern that must not match: {pattern}")
    return False


@contextlib.contextmanager
def case(name):
    """The name goes before those of its tests.  An exception inside is one failed test, and the
    next case goes on."""
    global _case
    _case = name + ": "
    try:
        yield
    except Exception:  # pylint: disable=broad-except
        ok(False, "broke off")
        diag(traceback.format_exc())
    finally:
        _case = ""


def plan(n):
    global _planned
    _planned = n
    print(f"1..{n}", flush=True)


def failures():
    """How many checks have failed so far."""
    return _failed


def at_end(what):
    """Has it called by done_testing, before the plan."""
    _endings.append(what)


def done_testing():
    """The plan, when there was none; ends the test."""
    for what in _endings:
        what()
    if _planned is None:
        print(f"1..{_count}", flush=True)
    sys.exit(1 if _failed or _count == 0 or (_planned not in (None, _count)) else 0)
