"""The program under test: its configuration in this lab, and running it on the laptop."""

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import time

import daemons
import netns
import topology

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_PATIENCE = 600.0  # longer than any honest run; who takes longer hangs
SWITCH = "lab"
PROFILE = "smon-portcopy"
BOTH_ONLY = "./both-only.yaml"  # the same profile for a switch that cannot copy ingress alone


@dataclasses.dataclass(frozen=True)
class Setup:
    """What a run's halfspan.yaml says where it may differ from the lab's truth."""

    address: str = topology.SWITCH_ADDRESS
    read: str = daemons.READ
    write: str = daemons.WRITE
    candidates: str = "1-22"
    destination_key: str = "destination"
    as_root: bool = True
    profile: str = PROFILE
    login: str = "credentials: office"
    credential: str = ""  # one more, as YAML below `credentials`
    destination: str = str(topology.LAPTOP_PORT)
    sniff: str = "eth0"
    place: str = "laptop"  # where halfspan runs

    def yaml(self):
        return f"""\
switches:
  {SWITCH}:
    profile: {self.profile}
    address: {self.address}
    {self.login}
    {self.destination_key}: "{self.destination}"
    sniff: {self.sniff}
    candidates: "{self.candidates}"
    uplinks: ["{topology.UPLINK}"]
routers:
  gw: {{ address: {topology.ROUTER_ADDRESS}, credentials: office }}
credentials:
  office:
    snmp: {{ version: 2c, read: "env:LAB_READ", write: "env:LAB_WRITE" }}
  {self.credential}
patch: patch.csv
"""


@dataclasses.dataclass(frozen=True)
class Finished:
    """What a run left: exit code (-9 for SIGKILL), both outputs, and how long it took."""

    exit: int
    stdout: str
    stderr: str
    seconds: float

    def report(self):
        """The document on stdout, or None if there is none."""
        try:
            return json.loads(self.stdout)
        except json.JSONDecodeError:
            return None


class Program:
    """The built program, copied into the lab so that a user without rights can reach it."""

    def __init__(self, home):
        self._home = home
        self._path = os.path.join(home, "halfspan")
        shutil.copy(_find(), self._path)
        os.chmod(self._path, 0o755)
        self._runs = 0

    def prepare(self, setup=Setup()):
        """A fresh folder with a configuration and an empty state: one machine's memory."""
        self._runs += 1
        folder = os.path.join(self._home, f"run-{self._runs}")
        os.makedirs(f"{folder}/state")
        _write(f"{folder}/halfspan.yaml", setup.yaml())
        _write(f"{folder}/patch.csv", _patch_list())
        _write(f"{folder}/{BOTH_ONLY}", _both_only())
        for path in (folder, f"{folder}/state"):
            os.chmod(path, 0o777)
        return Run(self._path, folder, setup)


class Run:
    """One configuration and state folder, in which the program may run several times."""

    def __init__(self, path, folder, setup):
        self._path = path
        self._folder = folder
        self._setup = setup
        self._began = 0.0
        self._process = None

    def start(self, *arguments):
        """Starts the program where the setup says; returns at once."""
        argv = [self._path, "--config", f"{self._folder}/halfspan.yaml", *arguments]
        if not self._setup.as_root:
            nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
            argv = [*nobody, "--inh-caps=-all", "--bounding-set=-all", *argv]
        self._began = time.monotonic()
        self._process = subprocess.Popen(
            netns.inside(self._setup.place, argv),
            stdin=subprocess.DEVNULL,
            stdout=open(f"{self._folder}/stdout", "w", encoding="utf-8"),
            stderr=open(f"{self._folder}/stderr", "w", encoding="utf-8"),
            cwd=self._folder,
            env=self._environment(),
            preexec_fn=netns.die_with_parent,
        )

    def locate(self, *more, target=("--ip", topology.SUSPECT.address), json_report=True):
        """Starts `locate` for a suspect; the run is recorded."""
        form = ("--json",) if json_report else ()
        self.start("locate", *target, "--record", self.record, *form, *more)

    @property
    def record(self):
        """Where the last `locate` was recorded."""
        return f"{self._folder}/record"

    def running(self):
        return self._process.poll() is None

    def signal(self, number):
        self._process.send_signal(number)

    def finish(self, patience=_PATIENCE):
        """Waits for the end; a run that outlasts `patience` is killed and has exit code -9."""
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
        seconds = time.monotonic() - self._began
        return Finished(self._process.returncode, self._read("stdout"), self._read("stderr"), seconds)

    def _read(self, name):
        with open(f"{self._folder}/{name}", encoding="utf-8", errors="replace") as file:
            return file.read()

    def _environment(self):
        return {
            "PATH": os.environ["PATH"],
            "HOME": self._folder,
            "XDG_STATE_HOME": f"{self._folder}/state",
            "XDG_CONFIG_HOME": f"{self._folder}/config",
            "XDG_CACHE_HOME": f"{self._folder}/cache",
            "LAB_READ": self._setup.read,
            "LAB_WRITE": self._setup.write,
        }


def _find():
    named = os.environ.get("HALFSPAN")
    built = [os.path.join(_ROOT, "target", kind, "halfspan") for kind in ("release", "debug")]
    for path in [named] if named else built:
        if os.access(path, os.X_OK):
            return path
    raise SystemExit("tests/lab/run: no program to test: `cargo build --release`, or set HALFSPAN")


def _patch_list():
    lines = ["switch,port,panel,position,outlet,room,note"]
    for port in topology.HOST_PORTS:
        outlet = topology.outlet_of(port)
        lines.append(f"{SWITCH},{port},B,{port:02d},{outlet},{outlet.split('-')[0]},")
    return "\n".join(lines) + "\n"


def _both_only():
    with open(f"{_ROOT}/switch-profiles/{PROFILE}.yaml", encoding="utf-8") as file:
        text = file.read()
    every, both = "codes: { ingress: 1, egress: 2, both: 3 }", "codes: { both: 3 }"
    if every not in text:
        raise SystemExit(f"tests/lab/run: {PROFILE}.yaml no longer says {every!r}")
    return text.replace(every, both).replace(f"name: {PROFILE}", "name: both-only")


def _write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
