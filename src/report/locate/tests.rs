use std::collections::BTreeMap;

use super::*;
use crate::identify::{Guess, Kind};
use crate::locate::{
    Confirmation, Hop, LOCATE_SCHEMA, MirrorReport, PortReport, ProbeReport, SuspectReport,
};
use crate::mac::Mac;

const MAC: Mac = Mac([0x04, 0xd4, 0xc4, 0x12, 0x34, 0x56]);

fn probe(sources: &[&str], sightings: u32) -> ProbeReport {
    ProbeReport {
        switch: "office-1".to_owned(),
        sources: sources.iter().map(|label| (*label).to_owned()).collect(),
        seconds: 0.5,
        sightings,
        why: "half of the belief".to_owned(),
    }
}

fn empty(outcome: Outcome) -> Report {
    Report {
        schema: LOCATE_SCHEMA,
        outcome,
        suspect: SuspectReport {
            ip: Some([10, 0, 0, 57].into()),
            mac: Some(MAC),
            vendor: Some("ASUSTek COMPUTER INC.".to_owned()),
            kind: None,
            filter: None,
            names: vec![],
        },
        switch: None,
        port: None,
        patch: None,
        confidence: None,
        confirmation: None,
        path: vec![],
        candidates: vec![],
        other_macs_on_port: vec![],
        behind: None,
        plan: vec![],
        probes: vec![],
        mirror: MirrorReport {
            writes: 0,
            restored: true,
        },
        warnings: vec![],
        error: None,
        elapsed_seconds: 7.2,
    }
}

pub(in crate::report) fn located() -> Report {
    Report {
        switch: Some("office-1".to_owned()),
        port: Some(PortReport {
            label: "17".to_owned(),
            if_name: Some("port17".to_owned()),
            if_index: Some(17),
            alias: Some("2.14-B".to_owned()),
        }),
        patch: Some(PatchReport {
            panel: "B".to_owned(),
            position: "05".to_owned(),
            outlet: "2.14-B".to_owned(),
            room: "2.14".to_owned(),
            note: "reception".to_owned(),
            extra: BTreeMap::from([("cable".to_owned(), "4711".to_owned())]),
        }),
        confidence: Some(0.9997),
        confirmation: Some(Confirmation {
            confirmed: true,
            cycles: 2,
        }),
        plan: vec![],
        probes: vec![
            probe(&["16", "17"], 3),
            probe(&["16"], 0),
            probe(&["17"], 2),
            probe(&[], 0),
        ],
        mirror: MirrorReport {
            writes: 9,
            restored: true,
        },
        ..empty(Outcome::Located)
    }
}

fn text(report: &Report) -> String {
    anstream::adapter::strip_str(&locate(report)).to_string()
}

#[test]
fn what_was_found_is_said_first_and_the_rest_in_one_line_each() {
    let mut report = located();
    report.suspect.names = vec![NameReport {
        source: "netbios",
        name: "RECEPTION-PC".to_owned(),
        group: Some("WORKGROUP".to_owned()),
        user: None,
        claimed_mac: None,
    }];
    report.suspect.kind = Some(Guess {
        name: Kind::Printer,
        because: "it announces _ipp._tcp".to_owned(),
    });
    insta::assert_snapshot!(text(&report), @r#"
    10.0.0.57 is at office-1 port 17
      outlet   2.14-B  (panel B, position 05, room 2.14)
      note     reception
      cable    4711
      port     port17  described as "2.14-B"
      device   RECEPTION-PC  WORKGROUP  04:d4:c4:12:34:56  ASUSTek COMPUTER INC.
      likely   a printer: it announces _ipp._tcp
      sure     99.97 %, confirmed by switching the port's mirror off and on 2 times
      why      heard in 2 of 2 windows with this port mirrored, in 0 of 2 without it
      switch   mirror put back as it was (9 writes)
      took     7.2 s
    "#);
}

#[test]
fn what_stands_behind_the_port_and_on_the_way_is_said() {
    let mut report = located();
    report.patch = None;
    report.confirmation = None;
    report.behind = Some("a hub or small switch: 2 machines".to_owned());
    report.other_macs_on_port = vec![Mac([2, 0, 0, 0, 0, 1]), Mac([2, 0, 0, 0, 0, 2])];
    let hop = |switch: &str, port: &str| Hop {
        switch: switch.to_owned(),
        port: port.to_owned(),
    };
    report.path = vec![hop("core", "3"), hop("office-1", "17")];
    report.suspect.names = vec![
        NameReport {
            source: "dns",
            name: "pc7.example.org".to_owned(),
            group: None,
            user: None,
            claimed_mac: None,
        },
        NameReport {
            source: "netbios",
            name: "PC\x1b[2J7".to_owned(),
            group: None,
            user: Some("anna".to_owned()),
            claimed_mac: Some(Mac([2, 0, 0, 0, 0, 9])),
        },
    ];
    report.warnings = vec!["office-1 port 17 is not in patch.csv".to_owned()];
    insta::assert_snapshot!(text(&report), @r#"
    10.0.0.57 is at office-1 port 17
      outlet   not known
      port     port17  described as "2.14-B"
      path     core port 3 > office-1 port 17
      behind   a hub or small switch: 2 machines
      others   02:00:00:00:00:01 02:00:00:00:00:02
      device   pc7.example.org  04:d4:c4:12:34:56  ASUSTek COMPUTER INC.
               PC?[2J7  (netbios)
      user     anna
      warning  the machine itself says that its MAC is 02:00:00:00:00:09
      sure     99.97 %, not confirmed by switching the port's mirror off and on
      why      heard in 2 of 2 windows with this port mirrored, in 0 of 2 without it
      next     which of them it is shows while somebody pulls plugs there: halfspan watch --mac 04:d4:c4:12:34:56 --switch office-1 --port 17
      switch   mirror put back as it was (9 writes)
      took     7.2 s
      warning  office-1 port 17 is not in patch.csv
    "#);
}

#[test]
fn a_suspect_that_was_not_seen_comes_with_what_to_try() {
    let mut report = empty(Outcome::NotSeen);
    report.probes = vec![probe(&["1", "2", "3"], 0), probe(&["2"], 0)];
    report.mirror.writes = 4;
    insta::assert_snapshot!(text(&report), @r"
    10.0.0.57 was not seen on any mirrored port
      device   04:d4:c4:12:34:56  ASUSTek COMPUTER INC.
      looked   3 ports in 2 windows, listened for 1.0 s
      next     see that it is switched on, then let it talk: leave out --passive
               if it is on another switch: --switch NAME, or add the switch to halfspan.yaml
               if it talks seldom: --max-time 600
      switch   mirror put back as it was (4 writes)
      took     7.2 s
    ");
}

#[test]
fn an_undecided_search_ends_with_a_shortlist() {
    let mut report = empty(Outcome::Undecided);
    let candidate = |port: &str, belief| CandidateReport {
        switch: "office-1".to_owned(),
        port: port.to_owned(),
        belief,
    };
    report.candidates = vec![candidate("1/0/17", 0.62), candidate("1/0/5", 0.31)];
    report.suspect.ip = None;
    insta::assert_snapshot!(text(&report), @r"
    04:d4:c4:12:34:56 could not be told to one port in the time given
      device   04:d4:c4:12:34:56  ASUSTek COMPUTER INC.
      ports    office-1 port 1/0/17       62 %
               office-1 port 1/0/5        31 %
      next     give it more time: --max-time 600
               or try the ports alone: --candidates with the list above
      switch   nothing was written to it
      took     7.2 s
    ");
    report.outcome = Outcome::SeveralPlaces;
    report.suspect.filter = Some("udp port 14857".to_owned());
    insta::assert_snapshot!(text(&report), @r"
    the sender of `udp port 14857` is heard from several ports
      device   04:d4:c4:12:34:56  ASUSTek COMPUTER INC.
      ports    office-1 port 1/0/17       62 %
               office-1 port 1/0/5        31 %
      next     two machines may share the address: locate each one by --mac
               the same MAC at two ports is a loop, a moved machine or a forged address
      switch   nothing was written to it
      took     7.2 s
    ");
}

#[test]
fn a_run_that_broke_off_says_why_and_how_the_switch_was_left() {
    let mut report = empty(Outcome::Failed);
    report.switch = Some("office-1".to_owned());
    report.error = Some(ErrorReport {
        message: "cannot change the mirrored ports of switch `office-1`".to_owned(),
        causes: vec!["office-1 did not answer (4 attempts in 6.0 s)".to_owned()],
        hint: Some("check the address".to_owned()),
    });
    report.mirror = MirrorReport {
        writes: 3,
        restored: false,
    };
    insta::assert_snapshot!(text(&report), @r"
    the search for 10.0.0.57 broke off
      device   04:d4:c4:12:34:56  ASUSTek COMPUTER INC.
      error    cannot change the mirrored ports of switch `office-1`
      cause    office-1 did not answer (4 attempts in 6.0 s)
      hint     check the address
      switch   NOT as it was before; run: halfspan restore --switch office-1
      took     7.2 s
    ");
    report.outcome = Outcome::Refused;
    report.mirror = MirrorReport {
        writes: 0,
        restored: true,
    };
    insta::assert_snapshot!(text(&report), @r"
    10.0.0.57 was not looked for: a safety rule forbids it
      device   04:d4:c4:12:34:56  ASUSTek COMPUTER INC.
      error    cannot change the mirrored ports of switch `office-1`
      cause    office-1 did not answer (4 attempts in 6.0 s)
      hint     check the address
      switch   nothing was written to it
      took     7.2 s
    ");
}

#[test]
fn answers_with_something_in_between_still_name_the_port() {
    for outcome in [
        Outcome::BeyondRouter,
        Outcome::AccessPoint,
        Outcome::VirtualHost,
    ] {
        let report = Report {
            outcome,
            ..located()
        };
        let first = text(&report).lines().next().unwrap().to_owned();
        assert!(first.ends_with("office-1 port 17"), "{first}");
        assert!(text(&report).contains("  next  "));
    }
}

#[test]
fn beyond_a_router_the_next_command_is_ready() {
    let next = |report: &Report| {
        let text = text(report);
        let line = text.lines().find(|line| line.contains("halfspan locate"));
        let (_, command) = line.unwrap().split_once(": ").unwrap();
        command.to_owned()
    };
    let mut report = Report {
        outcome: Outcome::BeyondRouter,
        ..located()
    };
    report.suspect.mac = None;
    assert_eq!(
        next(&report),
        "halfspan locate --ip 10.0.0.57 --switch NAME"
    );
    report.suspect.names = vec![NameReport {
        source: "netbios",
        name: "RECEPTION-PC".to_owned(),
        group: None,
        user: None,
        claimed_mac: Some(MAC),
    }];
    assert_eq!(
        next(&report),
        format!("halfspan locate --mac {MAC} --switch NAME"),
        "what it says of itself"
    );
    report.suspect = SuspectReport {
        filter: Some("host it's".to_owned()),
        ..SuspectReport::default()
    };
    assert_eq!(
        next(&report),
        r"halfspan locate --filter 'host it'\''s' --switch NAME"
    );
}

#[test]
fn nothing_stands_directly_after_a_value_that_people_copy() {
    let text = text(&located());
    for value in ["port 17", "2.14-B", "04:d4:c4:12:34:56"] {
        let after = text.split(value).nth(1).unwrap().chars().next().unwrap();
        assert!(after.is_whitespace(), "{value}");
    }
}
