//! Switches that are told over HTTP: logins that run out, wrong passwords, other people's sessions, kills.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Mutex;

use halfspan::lab::{Family, Profile};
use nix::sys::signal::Signal;

use crate::site::{SWITCH, Site, wait_for};

fn site(family: Family) -> Site {
    Site::new(|spec| {
        spec.profile = Profile::Web(family);
        spec.background.chats = 8.0;
    })
}

/// Runs a check on every one of these, a few at a time.
fn on_each<T: Copy + Send>(cases: &[T], check: impl Fn(T) + Sync) {
    let left = Mutex::new(cases.to_vec());
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while let Some(case) = { left.lock().unwrap().pop() } {
                    check(case);
                }
            });
        }
    });
}

#[test]
fn a_switch_with_a_web_interface_and_no_snmp_is_searched_by_the_ports_that_it_lists() {
    let find = |family: Family| {
        let site = Site::new(|spec| {
            spec.profile = Profile::Web(family);
            spec.agent.web_only = true;
            // A controller hands a change on after seconds, and its ports are tried one by one.
            spec.ports = 8;
            spec.background.chats = 8.0;
        });
        let ran = site.locate(&["--json"]);
        let report = ran.assert_exit(0).json();
        assert_eq!(report["outcome"], "located", "{ran}");
        let label = site.suspect_port().label;
        assert_eq!(report["port"]["label"], label, "{ran}");
        assert_eq!(report["mirror"]["restored"], true);
        site.assert_untouched();
    };
    let lists_ports = |family: &Family| {
        let profile =
            halfspan::profile::load(Profile::Web(*family).name(), Path::new(".")).unwrap();
        profile.http.unwrap().ports.is_some()
    };
    let (with, without): (Vec<Family>, Vec<Family>) =
        Family::ALL.into_iter().partition(lists_ports);
    // Its interfaces are told in XML tables, which no profile takes apart.
    assert_eq!(without, [Family::Junos]);
    on_each(&with, find);
}

#[test]
fn a_login_that_runs_out_again_and_again_does_not_stop_a_run() {
    let find = |family: Family| {
        let site = Site::new(|spec| {
            spec.profile = Profile::Web(family);
            spec.agent.login_lasts = Some(3);
        });
        site.locate(&["--json", "--no-tables"])
            .assert_located(&site);
    };
    let families = [
        Family::AosCx,
        Family::CiscoNxos,
        Family::FortiSwitch,
        Family::TpLinkEasySmart,
    ];
    on_each(&families, find);
}

#[test]
fn a_wrong_password_stops_the_run_before_anything_is_written() {
    let cases = [
        (Family::AosCx, 401),
        (Family::AristaEos, 401),
        (Family::CiscoNxos, 401),
        // These say it in what they answer.
        (Family::FortiSwitch, 200),
        (Family::TpLinkEasySmart, 200),
        (Family::Vyos, 401),
    ];
    on_each(&cases, |(family, status)| {
        let site = site(family);
        let suspect = site.suspect().to_string();
        let mut command = site.command();
        command.env("HALFSPAN_PW", "not-the-password");
        command.args(["locate", "--yes", "--no-tables", "--ip", &suspect]);
        let ran = crate::site::Running::start(&mut command).end();
        let told = ran.assert_exit(3).told_error();
        let refusal = format!("does not accept the login ({status})");
        assert!(told.contains(&refusal), "{told}");
        assert!(
            told.contains("check `user` and `password`, or `token`"),
            "{told}"
        );
        assert!(!ran.err.contains("not-the-password"), "{ran}");
        site.assert_unwritten();
    });
}

#[test]
fn a_user_who_may_only_read_is_told_so() {
    let site = Site::new(|spec| {
        spec.profile = Profile::Web(Family::AosCx);
        spec.faults.read_only = true;
    });
    let ran = site.locate(&["--no-tables"]);
    let told = ran.assert_exit(3).told_error();
    assert!(
        told.contains("does not allow `POST /rest/v10.08/system/mirrors` (403)"),
        "{told}"
    );
    site.assert_untouched();
}

#[test]
fn somebody_elses_session_is_refused_and_nothing_is_written() {
    on_each(&Family::ALL, |family| {
        let site = Site::new(|spec| {
            spec.profile = Profile::Web(family);
            spec.mirror.foreign_session = true;
        });
        let told = site.locate(&["--no-tables"]).assert_exit(4).told_error();
        assert!(
            told.contains("already has a mirror session that is not ours"),
            "{told}"
        );
        let [source, destination] = [1, 2].map(|port| Profile::Web(family).port_label(port));
        let ports = format!("port {source} to port {destination}");
        assert!(told.contains(&ports), "{told}");
        site.assert_unwritten();
    });
}

#[test]
fn a_borrowed_session_is_given_back_as_it_was() {
    let families = [
        Family::AosCx,
        Family::AristaEos,
        Family::CiscoIosXe,
        Family::CiscoNxos,
        Family::Cumulus,
        Family::MikrotikPorts,
        Family::TpLinkEasySmart,
        Family::Vyos,
    ];
    on_each(&families, |family| {
        let site = Site::new(|spec| {
            spec.profile = Profile::Web(family);
            spec.mirror.foreign_session = true;
            spec.mirror.sessions = 2;
        });
        site.locate(&["--json", "--no-tables", "--take-session"])
            .assert_located(&site);
    });
}

#[test]
fn where_sessions_have_names_somebody_elses_goes_on_beside_ours() {
    on_each(
        &[Family::FortiSwitch, Family::Junos, Family::Sonic],
        |family| {
            let site = Site::new(|spec| {
                spec.profile = Profile::Web(family);
                spec.mirror.foreign_session = true;
                spec.mirror.sessions = 2;
            });
            // Not the ports of theirs: a switch refuses a port in two sessions.
            let label = |port| Profile::Web(family).port_label(port);
            let candidates: Vec<String> = (3..=10).map(label).collect();
            let candidates = candidates.join(",");
            let search = ["--json", "--no-tables", "--candidates", &candidates];
            site.locate(&[&search[..], &["--take-session"]].concat())
                .assert_located(&site);
        },
    );
}

#[test]
fn a_killed_run_is_put_back_by_restore() {
    on_each(&Family::ALL, |family| {
        let site = site(family);
        let mut run = site.start_locate(&["--json", "--no-tables"]);
        wait_for("the mirror", || {
            assert!(run.goes_on(), "it ended too soon");
            !site.lab.sessions_copied().is_empty()
        });
        run.signal(Signal::SIGKILL);
        run.end();
        site.assert_changed();
        let ran = site.run(&["restore"]);
        assert!(ran.assert_exit(0).out.contains(SWITCH), "{ran}");
        site.assert_untouched();
    });
}

#[test]
fn a_dry_run_shows_the_requests_and_sends_none() {
    let site = site(Family::AristaEos);
    let ran = site.locate(&["--dry-run", "--no-tables"]);
    let all = format!("{}{}", ran.out, ran.err);
    assert!(
        all.contains("monitor session 1 destination Ethernet12"),
        "{ran}"
    );
    assert!(
        all.contains("monitor session 1 source Ethernet5 rx"),
        "{ran}"
    );
    site.assert_unwritten();
}

/// The row of `switch check` that tells whose pages they are.
fn family_told(site: &Site) -> String {
    let report = site.run(&["switch", "check", SWITCH, "--json"]).json();
    let rows = report["checks"].as_array().unwrap();
    let row = rows.iter().find(|row| row["what"] == "family").unwrap();
    row["text"].as_str().unwrap().to_owned()
}

#[test]
fn a_switch_without_snmp_is_recognised_by_its_web_pages() {
    let check = |family: Family| {
        let site = Site::new(|spec| {
            spec.profile = Profile::Web(family);
            spec.agent.web_only = true;
        });
        let told = family_told(&site);
        let name = Profile::Web(family).name();
        assert!(told.starts_with("its web pages point to "), "{told}");
        assert!(told.contains(name), "{name}: {told}");
        site.assert_unwritten();
    };
    on_each(&Family::ALL, check);
}

#[test]
fn a_wrong_profile_is_told_with_the_one_that_the_web_pages_point_to() {
    let site = Site::new(|spec| {
        spec.profile = Profile::Web(Family::CiscoNxos);
        spec.agent.web_only = true;
    });
    site.reconfigure("profile: cisco-nxos", "profile: aos-cx");
    let told = family_told(&site);
    assert_eq!(
        told,
        "its web pages point to cisco-nxos, the configuration says aos-cx"
    );
    site.assert_unwritten();
}

#[test]
fn pages_that_no_profile_knows_are_told_with_how_to_start_one() {
    let site = Site::new(|spec| {
        spec.profile = Profile::Web(Family::AristaEos);
        spec.agent.web_only = true;
    });
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut head = [0; 4096];
            let _read = (&stream).read(&mut head);
            let answer = b"HTTP/1.1 302 Found\r\nLocation: /ui\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            let _written = (&stream).write_all(answer);
        }
    });
    site.redirect_web(port);
    let told = family_told(&site);
    assert!(
        told.starts_with("its web pages point to no built-in profile (GET "),
        "{told}"
    );
    assert!(told.contains("/command-api 302"), "{told}");
    assert!(
        told.ends_with("halfspan profile new FILE --shape document"),
        "{told}"
    );
}
