//! Connections that are over at once.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::world::{Running, Watcher, call, halfspan, parents, server};

const CALLS: u64 = 60;

/// How long the kernel may take to tell of a socket that has ended: it leaves that to a thread of its own.
const NOTICE: Duration = Duration::from_secs(2);

/// A process that has started a process for every call, each of which has ended.
fn caller(server: SocketAddr) -> Running {
    let script = format!(
        "for i in {{1..{CALLS}}}; do bash -c '{}'; done; echo; exec sleep 60",
        call(server)
    );
    let mut bash = Command::new("bash");
    let mut caller = Running::start(bash.args(["-c", &script]).stdout(Stdio::piped()));
    let mut output = BufReader::new(caller.0.stdout.take().unwrap());
    output.read_line(&mut String::new()).unwrap();
    caller
}

#[test]
#[ignore = "needs root and tracefs"]
fn with_the_trace_every_short_call_is_told_with_its_parents() {
    let server = server(Duration::ZERO);
    let mut watch = halfspan();
    let mut watcher = Watcher::start(watch.args([
        "owner",
        "--json",
        "--for",
        "60s",
        "--remote",
        &server.to_string(),
    ]));
    let trace = format!("/sys/kernel/tracing/instances/halfspan-{}", watcher.pid());
    assert!(Path::new(&trace).exists(), "{trace}");
    let caller = caller(server);
    // Opened after all others, and told after them.
    let _last = TcpStream::connect(server).unwrap();
    let is_last = |find: &Value| find["owners"][0]["pid"] == std::process::id();
    watcher.wait_for(is_last);
    let (finds, end, code) = watcher.interrupt();
    assert!(!Path::new(&trace).exists(), "{trace} stays behind");
    assert_eq!(
        (code, &end["traced"], &end["lost_events"]),
        (Some(130), &true.into(), &0.into())
    );
    assert_eq!(
        (&end["found"], &end["unseen"]),
        (&(CALLS + 1).into(), &0.into()),
        "{end:#}"
    );
    for find in finds.iter().filter(|find| !is_last(find)) {
        let owner = &find["owners"][0];
        assert_eq!(
            (&owner["name"], &find["seen_by"]),
            (&"bash".into(), &"trace".into()),
            "{find:#}"
        );
        assert!(
            owner["program"].as_str().unwrap().ends_with("bash"),
            "{find:#}"
        );
        assert_eq!(parents(find)[0], caller.pid(), "{find:#}");
        assert_eq!(parents(find)[1], u64::from(std::process::id()), "{find:#}");
    }
}

#[test]
#[ignore = "needs root, to be nobody"]
fn without_root_what_was_missed_is_counted_exactly() {
    let server = server(Duration::ZERO);
    let mut watch = Command::new("setpriv");
    watch.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    watch.arg(halfspan().get_program());
    let mut watcher = Watcher::start(watch.args([
        "owner",
        "--json",
        "--for",
        "60s",
        "--remote",
        &server.to_string(),
    ]));
    let _caller = caller(server);
    std::thread::sleep(NOTICE);
    // Stays in the table, so that it is told for certain: the watch has seen what was before it.
    let last = TcpStream::connect(server).unwrap();
    let local = last.local_addr().unwrap().to_string();
    watcher.wait_for(|find| find["local"] == local);
    let (finds, end, _) = watcher.interrupt();
    assert_eq!(end["traced"], false);
    let (found, unseen) = (
        end["found"].as_u64().unwrap(),
        end["unseen"].as_u64().unwrap(),
    );
    assert_eq!(found + unseen, CALLS + 1, "{end:#}");
    for find in &finds {
        // Another user's: it is said that somebody was not seen.
        assert!(find["hidden_processes"].as_u64().unwrap() > 0, "{find:#}");
    }
}
