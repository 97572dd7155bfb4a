"""The files of GitHub: they can be read, and name what is there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
GITHUB = ROOT / ".github"
FILES = sorted(GITHUB.rglob("*.yml"))
WORKFLOWS = [path for path in FILES if path.parent.name == "workflows"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_jobs_have_steps_and_need_jobs_that_exist(path):
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    for job in jobs.values():
        assert set(job.get("needs", [])) <= set(jobs)
        assert job["runs-on"]
        assert job["steps"]
        assert all(("uses" in step) != ("run" in step) for step in job["steps"])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_name_files_that_are_there(path):
    named = re.findall(r"(?:tests|tools|\.ci|src)/[\w./-]*\w", path.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_ci_runs_what_everybody_runs_and_every_python_that_is_promised():
    text = (GITHUB / "workflows" / "ci.yml").read_text(encoding="utf-8")
    matrix = yaml.safe_load(text)["jobs"]["core"]["strategy"]["matrix"]
    promised = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert matrix["python"] == promised
    assert {name.split("-")[0] for name in matrix["os"]} == {"ubuntu", "macos", "windows"}
    assert "bash .ci/run" in text


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.parent.name == "ISSUE_TEMPLATE" and path.name != "config.yml"]
)
def test_forms_have_what_a_form_needs(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= set(form)
    asked = [one for one in form["body"] if one["type"] != "markdown"]
    assert len({one["id"] for one in asked}) == len(asked) > 0
    assert all(one["attributes"]["label"] for one in asked)


@pytest.mark.skipif(shutil.which("git") is None or not (ROOT / ".git").exists(), reason="no git here")
def test_a_wheel_that_lacks_a_file_or_has_one_too_many_is_found_out(tmp_path):
    listed = subprocess.run(
        ["git", "ls-files", "src/songatlas"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    names = [name.removeprefix("src/") for name in listed if not name.endswith((".css", ".h", ".c", ".pyi"))]
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as wheel:
        for name in [*names, "songatlas/notes.txt", "a.dist-info/licenses/LICENSE"]:
            wheel.writestr(name, "")
    checked = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "check_wheel.py"), str(tmp_path / "a.whl")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 1
    assert "missing: songatlas/app/style.css" in checked.stdout
    assert "does not belong: songatlas/notes.txt" in checked.stdout
    assert "missing: the C kernels" in checked.stdout
    assert "licences" not in checked.stdout
