//! Runs on a switch that a person sets, by a person who does not do everything that they are told.

use std::cell::RefCell;
use std::fs;
use std::time::Duration;

use super::*;
use crate::config::Lookup;

/// What a person answers to an instruction.
#[derive(Clone, Copy)]
enum Answer {
    Done,
    Esc,
    CtrlC,
    /// Nobody is there to answer.
    Nobody,
}

/// Answers each instruction, the last answer again and again.
struct AtSwitch {
    answers: &'static [Answer],
    heard: RefCell<Vec<String>>,
}

impl Desk for AtSwitch {
    fn show(&self, _: &Event<'_>) {}

    fn confirm(&self, _: &str) -> Result<bool, Failure> {
        Ok(true)
    }

    fn choose(&self, _: &str, _: Vec<String>, _: &str) -> Result<usize, Failure> {
        Ok(0)
    }

    fn have_done(&self, instruction: &str) -> Result<bool, Failure> {
        let mut heard = self.heard.borrow_mut();
        let answer = self.answers.get(heard.len()).or(self.answers.last());
        heard.push(instruction.to_owned());
        match answer.unwrap() {
            Answer::Done => Ok(true),
            Answer::Esc => Ok(false),
            Answer::CtrlC => Err(Failure::new(Exit::Interrupted, "interrupted")),
            Answer::Nobody => Err(Failure::new(Exit::Refused, "there is no terminal")),
        }
    }

    fn interrupted(&self) -> bool {
        false
    }
}

/// Runs, and returns how it ended and whether the report says that the switch is as it was.
fn ended(answers: &'static [Answer]) -> (Ended, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("halfspan.yaml");
    let yaml = "\
switches:
  office-1:
    profile: manual
    destination: \"8\"
    sniff: tzsp://127.0.0.1:0
    candidates: \"1-4\"
    uplinks: []
";
    fs::write(&file, yaml).unwrap();
    let config = Config::load(&Lookup::new(Some(file))).unwrap();
    let task = Task {
        target: Target::Mac("02:00:00:00:00:57".parse().unwrap()),
        switches: Vec::new(),
        interface: None,
        destination: None,
        candidates: None,
        confidence: 0.999,
        max_time: Duration::from_secs(5),
        passive: true,
        dry_run: false,
        no_tables: true,
        take_session: false,
        record: None,
        seed: 1,
    };
    // Capabilities, which a run gives up, belong to a thread.
    let run = std::thread::spawn(move || {
        let desk = AtSwitch {
            answers,
            heard: RefCell::default(),
        };
        let ended = locate(&config, &task, folder.path(), &desk);
        (ended, desk.heard.take())
    });
    run.join().unwrap()
}

#[test]
fn ctrl_c_at_an_instruction_is_an_interrupted_run() {
    let (ended, heard) = ended(&[Answer::CtrlC, Answer::Done]);
    assert_eq!(ended.exit(), Exit::Interrupted);
    assert!(ended.report.mirror.restored);
    assert!(heard[1].contains("put the mirror back"), "{heard:?}");
}

#[test]
fn giving_up_at_an_instruction_is_a_refusal() {
    let (ended, heard) = ended(&[Answer::Esc, Answer::Done]);
    assert_eq!(ended.exit(), Exit::Refused);
    assert!(ended.report.mirror.restored);
    assert_eq!(heard.len(), 2);
}

#[test]
fn a_person_who_does_not_put_the_mirror_back_leaves_it_changed() {
    for answers in [
        &[Answer::CtrlC, Answer::CtrlC] as &[_],
        &[Answer::CtrlC, Answer::Esc],
    ] {
        let (ended, _) = ended(answers);
        assert_eq!(ended.exit(), Exit::NotRestored);
        assert_eq!(ended.report.outcome, Outcome::Failed);
        assert!(!ended.report.mirror.restored);
        let hint = ended.failure.unwrap().hint.unwrap();
        assert!(hint.contains("as you noted it"), "{hint}");
    }
}

#[test]
fn where_nobody_hears_the_instruction_nothing_was_changed() {
    let (ended, heard) = ended(&[Answer::Nobody]);
    assert_eq!(ended.exit(), Exit::Refused);
    assert!(ended.report.mirror.restored);
    assert_eq!(heard.len(), 1);
}
