//! Each fault, seen from outside. Those of the copies themselves are tested where they happen, in `world`.

use super::*;

fn with(faults: Faults) -> Spec {
    Spec { faults, ..small() }
}

fn create(source: u32) -> Vec<(Vec<u32>, Value)> {
    vec![(row(STATUS, source, 8), CREATE_AND_GO)]
}

#[test]
fn a_lost_request_is_not_carried_out_and_a_lost_reply_is() {
    let lab = Lab::start(with(Faults {
        lost_requests: Often::Nth(1),
        ..Faults::default()
    }));
    let lab = lab.unwrap();
    let lost = Manager::writer(&lab).set(&create(1));
    assert_eq!(lost, Err(Failed::Silence));
    assert!(lab.sessions_shown().is_empty());

    let lab = Lab::start(with(Faults {
        lost_replies: Often::Nth(1),
        ..Faults::default()
    }));
    let lab = lab.unwrap();
    let manager = Manager::writer(&lab);
    assert_eq!(manager.set(&create(1)), Err(Failed::Silence));
    assert_eq!(lab.sessions_shown().len(), 1);
    let again = manager.set(&create(1));
    let refused = Failed::Refused(ErrorStatus::InconsistentValue, 1);
    assert_eq!(again, Err(refused), "the first one has worked");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the lab runs on the real clock")]
fn a_late_reply_comes_late() {
    let late = Duration::from_millis(300);
    let lab = Lab::start(with(Faults {
        late_replies: Some((Often::Always, late)),
        ..Faults::default()
    }));
    let lab = lab.unwrap();
    let manager = Manager::reader(&lab);
    let asked = Instant::now();
    assert!(manager.get(SYS_NAME).is_ok());
    assert!(asked.elapsed() >= late);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the lab runs on the real clock")]
fn a_slow_switch_answers_late_or_acts_late() {
    let slow = |effect, answer| {
        let effect = Duration::from_millis(effect);
        let answer = Duration::from_millis(answer);
        let lab = Lab::start(with(Faults {
            write_latency: Some(WriteLatency { effect, answer }),
            ..Faults::default()
        }));
        let lab = lab.unwrap();
        let manager = Manager::writer(&lab);
        let asked = Instant::now();
        manager.set(&create(1)).unwrap();
        let took = asked.elapsed();
        (
            took,
            lab.sessions_shown().len(),
            lab.sessions_copied().len(),
        )
    };
    let (took, shown, copied) = slow(0, 300);
    assert!(took >= Duration::from_millis(300));
    assert_eq!((shown, copied), (1, 1));
    let (_, shown, copied) = slow(60_000, 0);
    assert_eq!((shown, copied), (1, 0), "answered before it acts");
}

#[test]
fn an_ignored_write_is_acknowledged() {
    let lab = Lab::start(with(Faults {
        ignored_writes: Often::Always,
        ..Faults::default()
    }));
    let lab = lab.unwrap();
    let manager = Manager::writer(&lab);
    assert_eq!(manager.set(&create(1)), Ok(()));
    let read_back = manager.get(&row(STATUS, 1, 8));
    assert_eq!(read_back, Ok(Value::NoSuchInstance));
}

#[test]
fn a_source_limit_refuses_or_cuts() {
    let limit = |beyond| {
        let lab = Lab::start(with(Faults {
            source_limit: Some(SourceLimit { most: 2, beyond }),
            ..Faults::default()
        }));
        let lab = lab.unwrap();
        let done = Manager::writer(&lab).mirror(&[1, 2, 3]);
        let sources = |sessions: Vec<Session>| sessions.iter().map(|s| s.sources.len()).sum();
        let shown: usize = sources(lab.sessions_shown());
        let copied: usize = sources(lab.sessions_copied());
        (done, shown, copied)
    };
    let refused = Err(Failed::Refused(ErrorStatus::ResourceUnavailable, 6));
    assert_eq!(limit(Beyond::Refused), (refused, 0, 0));
    assert_eq!(limit(Beyond::Cut), (Ok(()), 2, 2));
    assert_eq!(limit(Beyond::CutUnseen), (Ok(()), 3, 2));
}

#[test]
fn a_read_only_switch_refuses_the_writing_community() {
    let lab = Lab::start(with(Faults {
        read_only: true,
        ..Faults::default()
    }));
    let lab = lab.unwrap();
    let manager = Manager::writer(&lab);
    let refused = Err(Failed::Refused(ErrorStatus::NoAccess, 1));
    assert_eq!(manager.set(&create(1)), refused);
    assert!(manager.get(SYS_NAME).is_ok());
}

#[test]
fn a_reboot_silences_the_switch_and_loses_its_mirror() {
    let down = Duration::from_millis(1200);
    let mut spec = with(Faults {
        reboot: Some(Reboot {
            at: When::Write(2),
            down,
        }),
        ..Faults::default()
    });
    spec.agent.users = vec![User {
        name: "anybody".to_owned(),
        auth: None,
        privacy: None,
        writes: false,
    }];
    let lab = Lab::start(spec).unwrap();
    let manager = Manager::writer(&lab);
    let Ok(Value::TimeTicks(before)) = manager.get(SYS_UPTIME) else {
        panic!("no sysUpTime");
    };
    manager.set(&create(1)).unwrap();
    assert_eq!(manager.set(&create(2)), Err(Failed::Silence));
    std::thread::sleep(Duration::from_millis(400));
    let Ok(Value::TimeTicks(after)) = manager.get(SYS_UPTIME) else {
        panic!("still silent");
    };
    assert!(after < before, "{after} < {before}");
    assert!(manager.walk(STATUS).is_empty());
    let boots = [1, 3, 6, 1, 6, 3, 10, 2, 1, 2, 0];
    assert_eq!(manager.get(&boots), Ok(Value::Integer(2)));
    assert_eq!(manager.set(&create(1)), Ok(()), "and works again");
}

#[test]
fn a_reboot_can_come_by_the_clock() {
    let lab = Lab::start(with(Faults {
        reboot: Some(Reboot {
            at: When::After(Duration::ZERO),
            down: Duration::from_secs(600),
        }),
        ..Faults::default()
    }));
    let silence = Manager::reader(&lab.unwrap()).get(SYS_NAME);
    assert_eq!(silence, Err(Failed::Silence));
}

#[test]
fn a_foreign_session_takes_the_only_destination() {
    let mut spec = small();
    spec.mirror.foreign_session = true;
    let lab = Lab::start(spec.clone()).unwrap();
    let manager = Manager::writer(&lab);
    assert_eq!(manager.get(&row(STATUS, 1, 2)), Ok(Value::Integer(1)));
    let refused = Err(Failed::Refused(ErrorStatus::ResourceUnavailable, 1));
    assert_eq!(manager.set(&create(3)), refused);
    spec.mirror.sessions = 2;
    let lab = Lab::start(spec).unwrap();
    assert_eq!(Manager::writer(&lab).set(&create(3)), Ok(()));
}

#[test]
fn a_switch_managed_through_its_destination_port_falls_silent() {
    let mut spec = small();
    spec.mirror.destination = Destination::BlockedWithManagement;
    let lab = Lab::start(spec).unwrap();
    let manager = Manager::writer(&lab);
    assert!(manager.get(SYS_NAME).is_ok());
    assert_eq!(manager.set(&create(1)), Err(Failed::Silence));
    assert_eq!(manager.get(SYS_NAME), Err(Failed::Silence));
    assert_eq!(lab.sessions_copied().len(), 1, "but it was done");
}

#[test]
fn a_blocked_destination_hears_copies_only() {
    let ear = Ear::new();
    let mut spec = small();
    spec.mirror.destination = Destination::Blocked;
    spec.background.broadcasts = 100.0;
    spec.suspect.talk = Talk::Silent;
    let lab = Lab::start(ear.hearing(spec)).unwrap();
    let manager = Manager::writer(&lab);
    // Port 3 receives nothing: its machine is silent.
    manager.mirror(&[3]).unwrap();
    ear.drain();
    assert!(ear.listen(Duration::from_millis(300)).is_empty());
    manager.set(&[(row(STATUS, 3, 8), DESTROY)]).unwrap();
    assert!(!ear.listen(Duration::from_millis(300)).is_empty());
}

#[test]
fn a_mirror_that_copies_nothing_is_shown_as_active() {
    let ear = Ear::new();
    let spec = ear.hearing(with(Faults {
        dead_mirror: true,
        ..Faults::default()
    }));
    let lab = Lab::start(spec).unwrap();
    let manager = Manager::writer(&lab);
    manager.mirror(&[3]).unwrap();
    assert_eq!(manager.get(&row(STATUS, 3, 8)), Ok(Value::Integer(1)));
    let frames = ear.listen(Duration::from_millis(300));
    assert_eq!(from(lab.truth().mac, &frames), 0);
}

#[test]
fn a_session_is_lost_while_the_agent_shows_it() {
    let lab = Lab::start(with(Faults {
        session_lost: Some(When::Write(1)),
        ..Faults::default()
    }));
    let lab = lab.unwrap();
    let manager = Manager::writer(&lab);
    manager.mirror(&[3]).unwrap();
    assert_eq!(lab.sessions_shown().len(), 1);
    assert!(lab.sessions_copied().is_empty());
    manager.mirror(&[4]).unwrap();
    assert_eq!(lab.sessions_copied()[0].sources.len(), 2, "revived");
}

#[test]
fn a_taken_port_is_said_with_a_remedy() {
    let lab = Lab::start(small()).unwrap();
    let mut spec = small();
    spec.agent.switch_port = lab.addresses().switch.port();
    let failure = Lab::start(spec).map(|_| ()).unwrap_err();
    assert!(matches!(failure, LabError::Bind { .. }), "{failure}");
    assert!(failure.hint().unwrap().contains("another lab"));
}
