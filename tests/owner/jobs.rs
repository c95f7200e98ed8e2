//! The admin's story: an unexplained connection, its program, and the cron entry that started it.

use std::fs;
use std::process::Command;

use crate::world::{HOLD, Watcher, call, halfspan, server};

/// In a mount namespace of its own, so that neither the machine's tables nor its cron are touched.
const SCENE: &str = "set -e
mount --bind \"$1/cron.d\" /etc/cron.d
mount --bind \"$1/run\" /run
cron -f & cron=$!
trap 'kill $cron' EXIT
shift
\"$@\"";

#[test]
#[ignore = "needs root and cron"]
fn an_admin_finds_the_cron_entry_behind_a_connection() {
    let server = server(HOLD);
    let folder = tempfile::tempdir().unwrap();
    for name in ["cron.d", "run"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    let tool = folder.path().join("report-home");
    fs::write(&tool, format!("#!/bin/bash\n{}\n", call(server))).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&tool, mode).unwrap();
    let job = format!(
        "* * * * * root sleep 0.1; {} --quietly; true",
        tool.display()
    );
    fs::write(
        folder.path().join("cron.d/innocent"),
        format!("# nothing to see\n{job}\n"),
    )
    .unwrap();

    let mut watch = Command::new("unshare");
    watch
        .args(["--mount", "sh", "-c", SCENE, "scene"])
        .arg(folder.path());
    watch.arg(halfspan().get_program());
    let (finds, _, code) = Watcher::start(watch.args([
        "owner",
        "--json",
        "--once",
        "--for",
        "100s",
        "--remote",
        &server.to_string(),
    ]))
    .end();
    assert_eq!((code, finds.len()), (Some(0), 1));
    let owner = &finds[0]["owners"][0];
    assert_eq!(owner["name"], "report-home", "{owner:#}");
    assert_eq!(owner["user"], "root");
    let scheduler = owner["scheduler"].as_str().unwrap();
    assert!(
        scheduler.to_lowercase().starts_with("cron ("),
        "{scheduler}"
    );
    assert_eq!(owner["cron_line"], format!("/etc/cron.d/innocent:2: {job}"));
    let names = owner["parents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|parent| &parent["name"]);
    assert!(names.into_iter().any(|name| name == "cron"), "{owner:#}");
}
