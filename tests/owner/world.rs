//! A server that hangs up, processes that call it, and the program that watches.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// How long a connection lasts that has to be looked at while it is there: longer than a busy machine may take for it.
pub(crate) const HOLD: Duration = Duration::from_secs(60);

/// A server on loopback that takes every call and hangs up after a while.
pub(crate) fn server(hold: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for call in listener.incoming() {
            let call = call.unwrap();
            thread::spawn(move || {
                thread::sleep(hold);
                drop(call);
            });
        }
    });
    address
}

/// A process that ends with the value.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Running {
    pub(crate) fn bash(script: &str) -> Running {
        Running::start(Command::new("bash").args(["-c", script]))
    }

    pub(crate) fn start(command: &mut Command) -> Running {
        Running(command.stdin(Stdio::null()).spawn().unwrap())
    }

    pub(crate) fn pid(&self) -> u64 {
        self.0.id().into()
    }
}

/// A bash line that calls the server and waits until it hangs up.
pub(crate) fn call(server: SocketAddr) -> String {
    let (ip, port) = (server.ip(), server.port());
    format!("exec 3<>/dev/tcp/{ip}/{port} && read -r -u 3; exec 3>&-")
}

/// The program, watching.
pub(crate) struct Watcher {
    child: Child,
    output: BufReader<ChildStdout>,
    /// What was read of its output.
    told: Vec<Value>,
    said: Vec<String>,
}

pub(crate) fn halfspan() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("halfspan"));
    command.env("HOME", "/nowhere");
    command
}

impl Watcher {
    /// Starts `command`, which runs `halfspan owner --json`, and returns once it watches.
    pub(crate) fn start(command: &mut Command) -> Watcher {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let errors = BufReader::new(child.stderr.take().unwrap());
        let mut said = Vec::new();
        for line in errors.lines() {
            let line = line.unwrap();
            let watches = line.starts_with("watching");
            said.push(line);
            if watches {
                break;
            }
        }
        assert!(
            said.last().is_some_and(|line| line.starts_with("watching")),
            "{said:?}"
        );
        Watcher {
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
            told: Vec::new(),
            said,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Reads its next line; `None` after the last.
    fn read(&mut self) -> Option<&Value> {
        let mut line = String::new();
        if self.output.read_line(&mut line).unwrap() == 0 {
            return None;
        }
        self.told.push(serde_json::from_str(&line).unwrap());
        self.told.last()
    }

    /// Waits until it tells such a find.
    pub(crate) fn wait_for(&mut self, is_it: impl Fn(&Value) -> bool) {
        loop {
            match self.read() {
                Some(told) if is_it(told) => return,
                Some(_) => {}
                None => panic!("ended before: {:#?}", self.told),
            }
        }
    }

    /// Ends it as Ctrl-C does.
    pub(crate) fn interrupt(self) -> (Vec<Value>, Value, Option<i32>) {
        let pid = Pid::from_raw(self.child.id().try_into().unwrap());
        kill(pid, Signal::SIGINT).unwrap();
        self.end()
    }

    /// Waits for its end: what it found, what it said of the watch, and its exit code.
    pub(crate) fn end(mut self) -> (Vec<Value>, Value, Option<i32>) {
        // Not to the end of its output, which the jobs of a cron that was started with it hold for as long as they run.
        while self.told.last().is_none_or(|told| told["event"] != "end") && self.read().is_some() {}
        let status = self.child.wait().unwrap();
        let end = self.told.pop();
        let end = end.unwrap_or_else(|| panic!("nothing said but {:?}", self.said));
        assert_eq!(
            (&end["schema"], &end["event"]),
            (&"halfspan.owner/1".into(), &"end".into())
        );
        (self.told, end, status.code())
    }
}

/// The numbers of a find's owners.
///
/// Of a socket of this process not only its own: what another test starts holds all of them until it has become that
/// program.
pub(crate) fn owners(find: &Value) -> Vec<u64> {
    numbers(&find["owners"])
}

/// The numbers of the parents of a find's first owner.
pub(crate) fn parents(find: &Value) -> Vec<u64> {
    numbers(&find["owners"][0]["parents"])
}

fn numbers(processes: &Value) -> Vec<u64> {
    let processes = processes.as_array().unwrap().iter();
    processes
        .map(|process| process["pid"].as_u64().unwrap())
        .collect()
}
