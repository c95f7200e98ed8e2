//! Connections that are over at once.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::world::{Running, Watcher, call, halfspan, parents, server};

const CALLS: u64 = 60;

/// A process that starts a process for every call, each of which ends at once.
fn caller(script: &str) -> Running {
    let script =
        format!("sleep 0.2; for i in {{1..{CALLS}}}; do bash -c '{script}'; done; sleep 60");
    Running::bash(&script)
}

#[test]
#[ignore = "needs root and tracefs"]
fn with_the_trace_every_short_call_is_told_with_its_parents() {
    let server = server(Duration::ZERO);
    let mut watch = halfspan();
    let watcher = Watcher::start(watch.args([
        "owner",
        "--json",
        "--for",
        "8s",
        "--remote",
        &server.to_string(),
    ]));
    let trace = format!("/sys/kernel/tracing/instances/halfspan-{}", watcher.pid());
    assert!(Path::new(&trace).exists(), "{trace}");
    let caller = caller(&call(server));
    let (finds, end, code) = watcher.end();
    assert!(!Path::new(&trace).exists(), "{trace} stays behind");
    assert_eq!(
        (code, &end["traced"], &end["lost_events"]),
        (Some(0), &true.into(), &0.into())
    );
    assert_eq!(
        (&end["found"], &end["unseen"]),
        (&CALLS.into(), &0.into()),
        "{end:#}"
    );
    for find in &finds {
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
    let watcher = Watcher::start(watch.args([
        "owner",
        "--json",
        "--for",
        "8s",
        "--remote",
        &server.to_string(),
    ]));
    let caller = caller(&call(server));
    let (finds, end, _) = watcher.end();
    assert_eq!(end["traced"], false);
    let (found, unseen) = (
        end["found"].as_u64().unwrap(),
        end["unseen"].as_u64().unwrap(),
    );
    assert_eq!(found + unseen, CALLS, "{end:#}");
    for find in &finds {
        // Another user's: it is said that somebody was not seen.
        assert!(find["hidden_processes"].as_u64().unwrap() > 0, "{find:#}");
    }
    drop(caller);
}
