"""Nothing that songatlas reads is ever executed: no module unpickles or evaluates a file."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import songatlas

SOURCE = Path(songatlas.__file__).parent
FORBIDDEN = {
    "eval", "exec", "compile", "__import__", "pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve",
    "marshal", "yaml",
}  # fmt: skip


def _names(tree: ast.AST) -> list[tuple[int, str]]:
    """Names that are imported or called, with their lines."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name.partition(".")[0]) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append((node.lineno, (node.module or "").partition(".")[0]))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found.append((node.lineno, node.func.id))
    return found


def test_no_module_can_run_what_a_file_says() -> None:
    told = [
        f"{path.relative_to(SOURCE)}:{line}: {name}"
        for path in sorted(SOURCE.rglob("*.py"))
        for line, name in _names(ast.parse(path.read_text(encoding="utf-8")))
        if name in FORBIDDEN
    ]
    sent = [each for each in told if each.startswith("spark/jobs.py:") and each.endswith(": pickle")]
    assert len(sent) == 1, "a task that the driver itself sends to its executors; no file is read"
    assert [each for each in told if each not in sent] == []


def test_every_array_is_loaded_without_pickles() -> None:
    loads = [
        (path.name, ast.unparse(node))
        for path in sorted(SOURCE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("np.load", "numpy.load")
    ]
    assert loads, "there is at least the one of saved atlases"
    assert [each for each in loads if "allow_pickle=False" not in each[1]] == []


def test_an_atlas_opens_where_pickles_are_forbidden(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from songatlas.atlas import Atlas, build_demo\n"
        f"build_demo(200, k=2, k_max=3).save({str(tmp_path)!r})\n"
        "def forbid(event, given):\n"
        "    if event in ('pickle.find_class', 'marshal.loads', 'marshal.load'):\n"
        "        raise RuntimeError(event)\n"
        "Atlas.load(%r)\n"
        "sys.addaudithook(forbid)\n"
        "print(Atlas.load(%r).k)\n"
    ) % (str(tmp_path), str(tmp_path))
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.strip()) == (0, "2"), ran.stderr[-2000:]
