#!/usr/bin/env python3
"""The Rust version that the workspace declares is enough: no dependency of the lock file asks for a newer one, and that
version compiles the workspace where it is installed.

usage: msrv.py
"""

import json
import subprocess

from common import ROOT, demand


def main():
    metadata = subprocess.run(
        ["cargo", "metadata", "--format-version", "1", "--locked"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )
    packages = json.loads(metadata.stdout)["packages"]
    ours = {package["rust_version"] for package in packages if package["source"] is None}
    demand(len(ours) == 1 and None not in ours, f"the crates declare different Rust versions: {ours}")
    declared = ours.pop()
    foreign = [package for package in packages if package["source"] and package["rust_version"]]
    demand(foreign, "no dependency says which Rust version it needs")
    newest = max(version(package["rust_version"]) for package in foreign)
    asking = [f"{p['name']} {p['version']}" for p in foreign if version(p["rust_version"]) == newest]
    needed = ".".join(map(str, newest))
    demand(
        version(declared) >= newest,
        f"rust-version is {declared}, and {', '.join(asking)} needs {needed}; "
        f"raise it in Cargo.toml, or use an older release of what needs it",
    )
    print(f"rust-version {declared}; {', '.join(asking)} needs {needed}, no dependency more")
    compile_with(declared)


def compile_with(declared):
    """With the very toolchain, for the language has features of its own; nothing is installed for it."""
    installed = run_or_none("rustup", "toolchain", "list") or ""
    fitting = [line.split()[0] for line in installed.splitlines() if line.startswith(declared)]
    if not fitting:
        print(f"not compiled with Rust {declared}: rustup has no such toolchain here")
        return
    subprocess.run(["rustup", "run", fitting[0], "cargo", "check", "--locked", "--workspace"], cwd=ROOT, check=True)


def run_or_none(*words):
    try:
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return None


def version(text):
    """`1.91` and `1.91.0` are one version."""
    numbers = [int(part) for part in text.split("-")[0].split(".")]
    return tuple(numbers + [0] * (3 - len(numbers)))


if __name__ == "__main__":
    main()
