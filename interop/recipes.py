"""Runs the recipes as they are written, and compares what they print.

The README and each page of docs/recipes get a fresh copy of the project's folder,
the pages one in which `make demo` has run, and an environment with the packages that
are pinned beside this file. In it the fenced blocks of the page are run in order:

    sh      in one shell for the whole page, which ends at the first error
    python  in one interpreter for the whole page
    sql     by the command-line client of DuckDB, in one database for the whole page
    text    is not run: it is what the block before it prints

Other fenced blocks are a mistake. Notebooks are run by Jupyter, and must print what
they were saved with. Nothing is skipped: what is missing fails.

    python3 interop/recipes.py [--update] [PAGE...]

A page is named as recipes/duckdb.md, and --update writes what was printed into it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
README = PROJECT / "README.md"
RECIPES = PROJECT / "docs" / "recipes"

# The packages of Airflow agree with those of no other.
AIRFLOW = {"airflow.md"}

# What the pages need besides, and how to get it.
TOOLS = {
    "bash": "install it",
    "git": "install it",
    "go": "see README.md for its version",
    "javac": "install a JDK of 17 or later (on Debian, apt-get install default-jdk-headless), or set JAVA_HOME",
    "make": "install it",
}

# Seconds that a block may take: the longest installs Spark.
LIMIT = 300

# What of the caller's environment would change what a page does.
FOREIGN = re.compile(
    r"AIRFLOW_|DBT_|DUCKDB|JUPYTER|MAKE|MFLAGS|PIP_CONSTRAINT|PYSPARK_|PYTHON|QUERN_|REVIEWS_|SPARK_|VIRTUAL_ENV|"
    r"COLUMNS|LINES"
)

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# Printed behind each block, so that its output is known to have ended.
MARK = "=== the block has ended ==="

SHELL = "set -euo pipefail\n"
SHELL_BLOCK = ". {file} </dev/null; printf '\\n%s\\n' '{mark}'\n"
PYTHON = f"""
import json, sys
scope = {{"__name__": "__main__"}}
for line in sys.stdin:
    name, first, code = json.loads(line)
    exec(compile("\\n" * (first - 1) + code, name, "exec"), scope)
    print("\\n{MARK}", flush=True)
"""


class PageError(Exception):
    """What a page did that is not as it was written, for people to read."""


@dataclass
class Block:
    """A fenced block, and the output that the page says it has."""

    language: str
    code: str
    line: int
    want: str | None = None
    place: tuple[int, int] = (0, 0)  # where in the page the output stands

    @classmethod
    def of(cls, page: Path) -> list[Block]:
        text = page.read_text(encoding="utf-8")
        blocks: list[Block] = []
        for fence in FENCE.finditer(text):
            language, code = fence.groups()
            line = text.count("\n", 0, fence.start(2)) + 1
            if language == "text" and blocks and blocks[-1].want is None:
                blocks[-1].want, blocks[-1].place = code, fence.span(2)
            elif language in {"sh", "python", "sql"}:
                blocks.append(cls(language, code, line))
            else:
                raise PageError(f"{page.name}:{line}: no block of {language} can stand here")
        if text.count("\n```") % 2 or len(FENCE.findall(text)) * 2 != len(re.findall(r"^```", text, re.MULTILINE)):
            raise PageError(f"{page.name}: a fenced block has no language, or does not end")
        if not blocks:
            raise PageError(f"{page.name}: nothing in it can be run")
        return blocks


class Session:
    """A shell or an interpreter that runs one block after the other."""

    def __init__(self, command: list[str], folder: Path, env: dict[str, str], errors: Path) -> None:
        self.errors = errors
        with errors.open("ab") as stderr:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                encoding="utf-8",
                start_new_session=True,
            )

    def feed(self, text: str) -> str:
        """Hands over what runs one block, and returns what the block printed."""
        assert self.process.stdin and self.process.stdout
        timer = threading.Timer(LIMIT, self.close)
        timer.start()
        try:
            self.process.stdin.write(text)
            self.process.stdin.flush()
            printed: list[str] = []
            for line in self.process.stdout:
                if line == MARK + "\n":
                    return "".join(printed)
                printed.append(line)
        except BrokenPipeError:
            pass
        finally:
            timer.cancel()
        code = self.process.wait()
        raise PageError(
            f"ended with exit code {code}\n" + "".join(printed) + self.errors.read_text(encoding="utf-8")[-8000:]
        )

    def close(self) -> None:
        """Ends the process and whatever it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


def run_page(page: Path, folder: Path, env: dict[str, str], duckdb: Path, scratch: Path, update: bool) -> None:
    """Runs the blocks of a page in a folder, and compares or updates their outputs."""
    blocks = Block.of(page)
    errors = scratch / "stderr"
    sessions: dict[str, Session] = {}
    got: list[tuple[Block, str]] = []
    try:
        for number, block in enumerate(blocks):
            if block.language != "sql" and block.language not in sessions:
                command = ["bash"] if block.language == "sh" else ["python3", "-u", "-c", PYTHON]
                sessions[block.language] = Session(command, folder, env, errors)
                if block.language == "sh":
                    sessions["sh"].process.stdin.write(SHELL)  # type: ignore[union-attr]
            file = scratch / f"{number}.{block.language}"
            file.write_text(block.code, encoding="utf-8")
            try:
                if block.language == "sh":
                    printed = sessions["sh"].feed(SHELL_BLOCK.format(file=file, mark=MARK))
                elif block.language == "python":
                    printed = sessions["python"].feed(json.dumps([page.name, block.line, block.code]) + "\n")
                else:
                    printed = checked(
                        [str(duckdb), "-no-init", "-bail", str(scratch / "page.duckdb"), "-f", str(file)], folder, env
                    )
            except PageError as error:
                raise PageError(f"{page.name}:{block.line}: {error}") from None
            printed = "\n".join(line.rstrip() for line in printed.splitlines()).strip("\n") + "\n"
            if block.want is not None:
                got.append((block, printed))
                if printed != block.want and not update:
                    raise PageError(f"{page.name}:{block.line}: should print\n{block.want}\nbut prints\n{printed}")
    finally:
        for session in sessions.values():
            session.close()
    if update:
        text = page.read_text(encoding="utf-8")
        for block, printed in reversed(got):
            start, end = block.place
            text = text[:start] + printed + text[end:]
        page.write_text(text, encoding="utf-8")


def run_notebook(notebook: Path, folder: Path, env: dict[str, str], scratch: Path, update: bool) -> None:
    """Runs a notebook where it stands in the folder, and compares or updates its outputs."""
    result = scratch / "result.ipynb"
    checked(["jupyter", "execute", f"--output={result}", str(folder / notebook.relative_to(PROJECT))], folder, env)
    saved: dict[str, Any] = json.loads(notebook.read_text(encoding="utf-8"))
    made: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    outputs = 0
    for old, new in zip(saved["cells"], made["cells"], strict=True):
        if old["cell_type"] != "code":
            continue
        printed = [
            {"name": "stdout", "output_type": "stream", "text": o["text"]}
            for o in new["outputs"]
            if o.get("name") == "stdout"
        ]
        outputs += len(printed)
        if not update and printed != old["outputs"]:
            raise PageError(
                f"{notebook.name}: the cell\n{''.join(old['source'])}\n"
                f"should print\n{old['outputs']}\nbut prints\n{printed}"
            )
        old["outputs"] = printed
    if not outputs:
        raise PageError(f"{notebook.name}: nothing was printed")
    if update:
        notebook.write_text(json.dumps(saved, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def checked(command: list[str], folder: Path, env: dict[str, str]) -> str:
    """Runs a command, and returns what it printed."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            timeout=LIMIT,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
    except subprocess.TimeoutExpired:
        raise PageError(f"{' '.join(command)}: took longer than {LIMIT} s") from None
    if done.returncode:
        raise PageError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done.stdout


def installed(name: str) -> Path:
    """Returns the bin folder of a virtual environment with the requirements of that name."""
    folder, requirements = HERE / f".venv-{name}", HERE / f"requirements-{name}.txt"
    stamp = folder / "requirements.txt"
    if not stamp.exists() or stamp.read_text() != requirements.read_text():
        start = time.monotonic()
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        options = ["install", "--quiet", "--no-compile", "--disable-pip-version-check", "-r"]
        subprocess.run([folder / "bin" / "pip", *options, requirements], check=True)
        shutil.copyfile(requirements, stamp)
        print(f"{time.monotonic() - start:6.1f} s  installed {requirements.name}", flush=True)
    return folder / "bin"


def copied(folder: Path) -> Path:
    """Copies what a clone of the working tree, were it committed, would have."""
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in files.split("\0"):
        source, target = PROJECT / name, folder / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return folder


def surroundings() -> dict[str, str]:
    """Returns the environment that pages run in, but for their packages."""
    env = {k: v for k, v in os.environ.items() if not FOREIGN.match(k)}
    if "JAVA_HOME" in env:
        env["PATH"] = f"{env['JAVA_HOME']}/bin{os.pathsep}{env['PATH']}"
    for tool, cure in TOOLS.items():
        if not shutil.which(tool, path=env["PATH"]):
            raise PageError(f"the recipes need {tool}: {cure}")
    return env | {
        # Libraries warn of the versions of others.
        "PYTHONWARNINGS": "ignore",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        # Spark would look up the name of this machine, which need not have an address.
        "SPARK_LOCAL_IP": "127.0.0.1",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--update", action="store_true", help="write what is printed into the pages")
    parser.add_argument("pages", nargs="*", help="pages to run, e.g. recipes/duckdb.md; all if none is named")
    arguments = parser.parse_args()

    contents = RECIPES / "README.md"
    pages = [README, *sorted(p for p in RECIPES.iterdir() if p.suffix in {".md", ".ipynb"} and p != contents)]
    for page in pages[1:]:
        if f"({page.name})" not in contents.read_text(encoding="utf-8"):
            print(f"{page.name}: say in {contents.relative_to(PROJECT)} what the page is for", file=sys.stderr)
            return 1
    if arguments.pages:
        pages = [p for p in pages if any(str(p).endswith("/" + name) for name in arguments.pages)]
        if len(pages) < len(arguments.pages):
            parser.error("no such page")
    failed = 0
    with tempfile.TemporaryDirectory(prefix="quern-recipes-") as temporary:
        try:
            env = surroundings()
            fresh = copied(Path(temporary) / "fresh")
            demo = Path(shutil.copytree(fresh, Path(temporary) / "demo", symlinks=True))
            checked(["make", "demo"], demo, env)
        except PageError as error:
            print(error, file=sys.stderr)
            return 1
        for page in pages:
            # Each page has a folder of its own: nothing that one leaves is seen by another.
            scratch = Path(temporary) / page.name
            scratch.mkdir()
            folder = Path(shutil.copytree(fresh if page == README else demo, scratch / "quern", symlinks=True))
            name = "airflow" if page.name in AIRFLOW else "recipes"
            tools = installed(name)
            # What a page installs is pinned too.
            mine = env | {"PIP_CONSTRAINT": str(HERE / f"requirements-{name}.txt")}
            if page != README:
                mine["PATH"] = f"{tools}{os.pathsep}{env['PATH']}"
            start = time.monotonic()
            try:
                if page.suffix == ".ipynb":
                    run_notebook(page, folder, mine, scratch, arguments.update)
                else:
                    run_page(page, folder, mine, installed("recipes") / "duckdb", scratch, arguments.update)
                verdict = "ok"
            except PageError as error:
                failed += 1
                verdict = "FAILED"
                print(error, file=sys.stderr)
            print(f"{time.monotonic() - start:6.1f} s  {verdict}  {page.relative_to(PROJECT)}", flush=True)
            shutil.rmtree(scratch)
    print(f"recipes: {len(pages) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
