#!/usr/bin/env python3
"""Fails when a folder includes a higher one, or a header of ours includes a third-party header.

The order is the one of docs/map.md; folders in one row do not know each other.
"""
import pathlib
import re
import sys

ROWS = [["core"], ["journal"], ["net"], ["kube"], ["probes"], ["engine"],
        ["drift", "chaos", "reporters", "history"], ["bundle"], ["cli"]]
RANK = {folder: rank for rank, row in enumerate(ROWS) for folder in row}
# core/result.h is the one exception: Result is an alias of tl::expected until the standard type can be used.
THIRD_PARTY_ALLOWED = {("core/result.h", "tl/expected.hpp")}
STANDARD = re.compile(r"^[a-z_0-9]+$|^(sys|netinet|arpa|linux)/[a-z_0-9]+\.h$|^(poll|unistd|fcntl|signal|pthread|spawn|netdb|time|errno|stdint)\.h$")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def problems(root):
    for path in sorted(root.glob("*/*.[hc]*")):
        folder = path.parent.name
        if folder not in RANK or path.suffix not in (".h", ".cpp"):
            continue
        name = str(path.relative_to(root))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            bracket, target = match.groups()
            if bracket == '"':
                other = target.split("/")[0]
                if other not in RANK:
                    yield f"{name}:{number}: includes \"{target}\", which is in no folder of the tree"
                elif other != folder and RANK[other] >= RANK[folder]:
                    yield f"{name}:{number}: {folder}/ must not include {other}/ ({target})"
            elif path.suffix == ".h" and not STANDARD.match(target) and (name, target) not in THIRD_PARTY_ALLOWED:
                yield f"{name}:{number}: a header of ours includes the third-party header <{target}>"


def main():
    found = list(problems(pathlib.Path(sys.argv[1])))
    print("\n".join(found), file=sys.stderr, end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
