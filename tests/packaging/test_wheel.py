"""The wheel contains the files that users need, and a run does not change site-packages."""

from __future__ import annotations

import sys
import sysconfig
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from tests.support.environments import run
from tests.support.paths import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder)
    run(*build, ROOT, folder=folder)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def contents(wheel: Path) -> list[PurePosixPath]:
    """List the files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return [PurePosixPath(name) for name in archive.namelist()]


def test_wheel_holds_the_packages_their_types_and_the_dbt_project(
    contents: list[PurePosixPath],
) -> None:
    """The wheel contains every module, both type markers and all files that a dbt build reads."""
    needed = [
        path.relative_to(ROOT)
        for package in ("scorer", "app")
        for path in (ROOT / package).rglob("*.py")
    ]
    needed += [Path("scorer/py.typed"), Path("app/py.typed")]
    project = ROOT / "dbt_project"
    for pattern in ("*.yml", "models/**/*.sql", "macros/**/*.sql", "seeds/*.csv", "tests/**/*.sql"):
        needed += [
            Path("scorer/dbt_project") / path.relative_to(project) for path in project.glob(pattern)
        ]
    missing = {path.as_posix() for path in needed} - set(map(str, contents))
    assert not missing


def test_wheel_holds_nothing_of_the_development(contents: list[PurePosixPath]) -> None:
    """The wheel has no unit tests, lint stubs, databases, compiled SQL, benchmarks or tests."""
    tops = {path.parts[0] for path in contents}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"scorer", "app"}
    projects = [path for path in contents if path.parts[:2] == ("scorer", "dbt_project")]
    assert not [path for path in contents if path.name.endswith("__unit_tests.yml")]
    assert {path.suffix for path in projects} <= {".sql", ".yml", ".csv", ".md"}
    assert not {"lint", "target", "logs"} & {path.parts[2] for path in projects}


@pytest.mark.slow
def test_installed_command_writes_nothing_into_site_packages(wheel: Path, tmp_path: Path) -> None:
    """Installed from the wheel, a cycle publishes, and site-packages has the same files
    afterwards."""
    environment = tmp_path / "environment"
    run(sys.executable, "-m", "venv", "--without-pip", environment, folder=tmp_path)
    binaries = environment / "bin"
    pip = (sys.executable, "-m", "pip", "--python", binaries / "python", "install", "--quiet")
    run(*pip, "--no-deps", "--no-index", "--no-compile", wheel, folder=tmp_path)
    (site_packages,) = environment.glob("lib/python*/site-packages")
    # The dependencies come from the running environment: installing them again takes a minute.
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    before = _files(site_packages)

    nextoffer = binaries / "nextoffer"
    simulated = ("--out", "events", "--weeks", "1", "--profiles", "300")
    run(nextoffer, "simulate", *simulated, folder=tmp_path)
    run(nextoffer, "run", "--raw", "events", "--home", "home", folder=tmp_path)

    assert (tmp_path / "home" / "published.duckdb").exists()
    assert _files(site_packages) == before


def _files(folder: Path) -> dict[Path, bytes]:
    return {
        path: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
