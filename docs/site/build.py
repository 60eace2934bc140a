"""Writes build/site: all pages of the documentation, and the gallery of reports, to be published as they are.

python docs/site/build.py             the site, from the runs in build/gallery; missing ones are played in virtual time
python docs/site/build.py gallery     every scenario on real packets into build/gallery (some ten minutes)

It needs MkDocs Material, which `make site` installs by setup/site.lock.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import gallery

import pages

CONFIG = Path(__file__).with_name("mkdocs.yml")
RUNS = "gallery"
SEARCH, THEIRS = "search-in-files.js", "https://unpkg.com/iframe-worker/shim"


def site(build: Path, jobs: int, wanted: Sequence[str]) -> int:
    runs = build / RUNS
    gallery.play(runs, sorted(set(wanted) - set(gallery.played(runs))), gallery.VIRTUAL, jobs)
    target = build / "site-pages"
    pages.gather(target)
    found = {name: run for name, run in gallery.played(runs).items() if name in wanted}
    gallery.reports(found, target)
    for language, words in gallery.WORDS.items():
        (target / f"{words.folder}.md").write_text(gallery.page(found, language), encoding="utf-8")
    for name in ("site.css", SEARCH):
        shutil.copyfile(CONFIG.with_name(name), target / name)
    command = [sys.executable, "-P", "-m", "mkdocs", "build", "--quiet", "--config-file", str(CONFIG)]
    places = {"HERZSCHLAG_PAGES": str(target), "HERZSCHLAG_SITE": str(build / "site"), "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, check=False, env=os.environ | places)
    if done.returncode == 0:
        served_from_here(build / "site")
        first = (build / "site/index.html").as_uri()
        sys.stdout.write(f"{len(pages.places()) + 1 + len(gallery.WORDS)} pages, {len(found)} reports: {first}\n")
    return done.returncode


def served_from_here(folder: Path) -> None:
    """The theme fetches a script of another site for the search in files; ours is put in its place, in every page."""
    for page in folder.rglob("*.html"):
        text = page.read_text()
        if THEIRS in text:
            ours = "../" * (len(page.relative_to(folder).parts) - 1) + SEARCH
            page.write_text(text.replace(THEIRS, ours))


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("what", nargs="?", choices=["site", "gallery"], default="site")
    options.add_argument("--scenario", action="append", help="a scenario of the gallery; without it, all")
    options.add_argument("--build", type=Path, default=pages.ROOT / "build", help="the folder for all that is made")
    options.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked = options.parse_args()
    wanted = asked.scenario or gallery.names()
    if asked.what == "gallery":
        runs = asked.build / RUNS
        shutil.rmtree(runs, ignore_errors=True)
        gallery.play(runs, wanted, gallery.REAL, asked.jobs)
        found = gallery.played(runs)
        sys.stdout.write(f"{len(found)} of {len(wanted)} scenarios were played on real packets\n")
        return 0 if found else 4
    return site(asked.build, asked.jobs, wanted)


if __name__ == "__main__":
    raise SystemExit(main())
