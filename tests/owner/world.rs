//! A server that hangs up, processes that call it, and the program that watches.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

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
        Watcher { child, said }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end: what it found, what it said of the watch, and its exit code.
    pub(crate) fn end(self) -> (Vec<Value>, Value, Option<i32>) {
        let output = self.child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let mut lines: Vec<Value> = lines.collect();
        let end = lines
            .pop()
            .unwrap_or_else(|| panic!("nothing said but {:?}", self.said));
        assert_eq!(
            (&end["schema"], &end["event"]),
            (&"halfspan.owner/1".into(), &"end".into())
        );
        (lines, end, output.status.code())
    }
}

/// The numbers of the parents of a find's first owner.
pub(crate) fn parents(find: &Value) -> Vec<u64> {
    let parents = find["owners"][0]["parents"].as_array().unwrap().iter();
    parents
        .map(|parent| parent["pid"].as_u64().unwrap())
        .collect()
}
