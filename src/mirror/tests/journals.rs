//! Journals on disk: whole, damaged, half-written.

use std::fs;

use crate::error::{Diagnosis, Exit};
use crate::mirror::direct::Device;
use crate::mirror::journal::Kept;
use crate::mirror::{Journal, Mirror, MirrorError, Way, load_journal, pending_journals, repair};
use crate::snmp::{Oid, Value, VarBind};

use super::fake::FakeSwitch;
use super::smon::{DIRECTION, Smon, if_index};
use super::{Bench, built_in, clock, set};

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
fn a_journal_is_not_played_onto_another_device_of_the_same_name() {
    let bench = interrupted();
    let path = bench.folder.path().join("office-1.json");
    let text = fs::read_to_string(&path).unwrap();
    let of_another = text.replace("192.0.2.1", "192.0.2.9");
    fs::write(&path, of_another).unwrap();
    let left = bench.switch.dump();
    let error = bench.repair().unwrap_err();
    assert_eq!(
        error.to_string(),
        "switch `office-1` is fake (192.0.2.1) now, and it is fake (192.0.2.9) that an interrupted run has left changed"
    );
    assert_eq!(error.exit(), Exit::NotRestored);
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("halfspan restore --switch office-1"),
        "{hint}"
    );
    assert!(hint.contains("office-1.json"), "{hint}");
    assert_eq!(bench.switch.dump(), left);
    assert!(bench.has_journal());
    fs::write(&path, text).unwrap();
    bench.repair().unwrap();
}

#[test]
fn a_journal_of_one_bridge_is_not_played_onto_another() {
    let folder = tempfile::tempdir().unwrap();
    let bridge = |name: &str| Device::Linux {
        bridge: name.to_owned(),
    };
    let kept = Kept::Direct {
        destination: "mir0".to_owned(),
        state: serde_json::json!({}),
    };
    let agent = bridge("br0").agent();
    let journal = Journal::new("office-1", &agent, &built_in("linux-bridge-tc"), kept);
    journal.write(folder.path()).unwrap();
    let way = Way::Direct(bridge("br1"));
    let error = repair(&journal, folder.path(), way, clock()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "switch `office-1` is bridge br1 of this machine now, and it is bridge br0 of this machine that an interrupted run has left changed"
    );
    assert!(load_journal(folder.path(), "office-1").unwrap().is_some());
}

#[test]
fn a_journal_that_was_played_back_meanwhile_is_not_played_again() {
    let bench = interrupted();
    let journal = load_journal(bench.folder.path(), "office-1")
        .unwrap()
        .unwrap();
    bench.repair().unwrap();
    // From now on the port belongs to somebody else.
    let row = "1.3.6.1.2.1.16.22.1.3.1.1.5.51.60".parse().unwrap();
    let value = Value::Integer(4);
    bench.switch.as_admin(&[VarBind { oid: row, value }]);
    let theirs = bench.switch.dump();
    bench.repair_by(&journal).unwrap();
    assert_eq!(bench.switch.dump(), theirs);
}

#[test]
fn what_others_have_made_since_the_run_is_left_alone() {
    let bench = interrupted();
    let row = |column: u32, pair: [u32; 2]| Oid::from(DIRECTION).child([column]).child(pair);
    let pair = [if_index(3), if_index(9)];
    let theirs = [
        VarBind {
            oid: row(4, pair),
            value: Value::Integer(2),
        },
        VarBind {
            oid: row(5, pair),
            value: Value::Integer(4),
        },
    ];
    bench.switch.as_admin(&theirs);
    bench.repair().unwrap();
    let dump = bench.switch.dump();
    assert_eq!(dump.get(&row(4, pair)), Some(&Value::Integer(2)));
    let rows = dump
        .keys()
        .filter(|oid| oid.below(&Oid::from(DIRECTION)).is_some());
    assert_eq!(rows.count(), 2, "ours are gone");
    assert!(!bench.has_journal());
}

#[test]
fn a_copy_of_a_journal_is_no_journal() {
    let bench = interrupted();
    let folder = bench.folder.path();
    fs::copy(folder.join("office-1.json"), folder.join("copy.json")).unwrap();
    let pending = pending_journals(folder).unwrap();
    let told = pending[0].as_ref().unwrap_err().to_string();
    assert!(
        told.ends_with("it is for `office-1`, and not named so"),
        "{told}"
    );
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
