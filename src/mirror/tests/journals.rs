//! Journals on disk: whole, damaged, half-written.

use std::fs;

use crate::error::{Diagnosis, Exit};
use crate::mirror::{Mirror, MirrorError, load_journal, pending_journals};

use super::fake::FakeSwitch;
use super::smon::Smon;
use super::{Bench, set};

fn interrupted() -> Bench {
    let bench = Bench::new("smon-portcopy", FakeSwitch::new(Smon::new(&[])));
    let mut mirror = bench.open(false).unwrap();
    mirror.set_sources(&set(&[1, 2])).unwrap();
    mirror.killed();
    bench
}

#[test]
fn an_interrupted_run_is_listed_with_switch_profile_and_time() {
    let bench = interrupted();
    let pending = pending_journals(bench.folder.path()).unwrap();
    let journal = pending.into_iter().next().unwrap().unwrap();
    assert_eq!(
        (journal.switch.as_str(), journal.profile.as_str()),
        ("office-1", "smon-portcopy")
    );
    assert_eq!(journal.agent, "fake (192.0.2.1)");
    bench.repair().unwrap();
    assert!(pending_journals(bench.folder.path()).unwrap().is_empty());
}

#[test]
fn no_folder_means_nothing_pending() {
    let folder = tempfile::tempdir().unwrap();
    assert!(
        pending_journals(&folder.path().join("none"))
            .unwrap()
            .is_empty()
    );
    assert!(load_journal(folder.path(), "office-1").unwrap().is_none());
}

#[test]
fn a_journal_cut_anywhere_is_a_clear_error() {
    let bench = interrupted();
    let path = bench.folder.path().join("office-1.json");
    let whole = fs::read(&path).unwrap();
    for keep in (0..whole.len()).step_by(97) {
        fs::write(&path, &whole[..keep]).unwrap();
        let error = bench.repair().unwrap_err();
        assert!(
            matches!(error, MirrorError::DamagedJournal { .. }),
            "{keep}: {error}"
        );
        assert_eq!(error.exit(), Exit::NotRestored);
        assert!(error.hint().unwrap().contains("office-1.json"));
        assert!(
            bench.open(false).is_err(),
            "no run starts from an unknown state"
        );
    }
    fs::write(&path, &whole).unwrap();
    bench.repair().unwrap();
}

#[test]
fn a_half_written_journal_beside_its_place_counts_for_nothing() {
    let bench = Bench::new("smon-portcopy", FakeSwitch::new(Smon::new(&[])));
    fs::write(
        bench.folder.path().join("office-1.json.new"),
        "{\"schema\": \"half",
    )
    .unwrap();
    assert!(pending_journals(bench.folder.path()).unwrap().is_empty());
    bench.open(false).unwrap().set_sources(&set(&[1])).unwrap();
}

#[test]
fn a_damaged_journal_does_not_hide_the_others() {
    let bench = interrupted();
    fs::write(bench.folder.path().join("basement.json"), "not json").unwrap();
    let pending = pending_journals(bench.folder.path()).unwrap();
    assert_eq!(
        pending.iter().map(Result::is_ok).collect::<Vec<_>>(),
        [false, true]
    );
}

#[test]
fn an_odd_switch_name_stays_inside_the_folder() {
    let name = crate::mirror::journal::file_name("../core 1", "json");
    assert_eq!(name, "%2E%2E%2Fcore%201.json");
}

#[test]
fn a_journal_holds_the_profile_so_that_a_changed_file_does_no_harm() {
    let bench = interrupted();
    let text = fs::read_to_string(bench.folder.path().join("office-1.json")).unwrap();
    assert!(text.contains("shape: pair_rows"));
}
