"""``python uv_like_pip.py ARGUMENT...``: uv for the environment of this Python, with the index, certificates and folders of pip's configuration.

uv does not read that. What uv is told itself goes first.
"""

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

# option of pip: variable of uv, and what stands between several values
VARIABLES = {
    "index-url": ("UV_INDEX_URL", " "),
    "extra-index-url": ("UV_EXTRA_INDEX_URL", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", " "),
    "client-cert": ("SSL_CLIENT_CERT", " "),
    "proxy": ("ALL_PROXY", " "),
    "timeout": ("UV_HTTP_TIMEOUT", " "),
    "default-timeout": ("UV_HTTP_TIMEOUT", " "),
}
SECTIONS = ("global", "install", ":env:")  # a later one goes first


def pip_options() -> dict[str, list[str]]:
    """Return the options of ``pip install`` from pip's files and variables, each with its values."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    options = {}
    for section in SECTIONS:
        for line in lines:
            key, _, value = line.removeprefix(f"{section}.").partition("=")
            if line.startswith(f"{section}."):
                options[key] = ast.literal_eval(value).split()
    return options


def variables(options: Mapping[str, list[str]]) -> dict[str, str]:
    """Return what tells uv the same. A package is pinned by its hash, so it may come from any index that has it."""
    told = {
        variable: between.join(values)
        for option, (variable, between) in VARIABLES.items()
        if (values := [value for value in options.get(option, []) if _counts(option, value)])
    }
    return {"UV_INDEX_STRATEGY": "unsafe-best-match", **told}


def _counts(option: str, value: str) -> bool:
    """pip passes over a folder that is not there, where uv stops."""
    return option != "find-links" or "://" in value or Path(value).exists()


if __name__ == "__main__":
    uv = Path(sys.executable).with_name("uv")
    told = {**variables(pip_options()), **os.environ, "VIRTUAL_ENV": sys.prefix}
    os.execve(uv, [str(uv), *sys.argv[1:]], told)
