"""Libraries for LD_PRELOAD, and programs of C, that tests need."""
import os
import subprocess

TOOLS = os.path.dirname(os.path.abspath(__file__))


def build_shim(folder, name):
    """Compiles tests/tools/NAME.c into `folder`; returns the library's path."""
    out = os.path.join(folder, name + ".so")
    subprocess.run([os.environ.get("CC") or "gcc", "-std=gnu11", "-O2", "-fPIC", "-shared", "-Wall",
                    "-Wextra", "-Werror", "-o", out, os.path.join(TOOLS, name + ".c")], check=True)
    os.chmod(out, 0o755)
    return out
