//! Timers: which one starts a service (systemd.timer(5)).

use std::fs;
use std::path::Path;

/// Where unit files are, the strongest first.
const FOLDERS: [&str; 4] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
const KIND: &str = ".timer";

/// Returns the timer that starts a unit.
pub(super) fn timer_of(unit: &str) -> Option<String> {
    FOLDERS
        .iter()
        .find_map(|folder| timer_in(Path::new(folder), unit))
}

fn timer_in(folder: &Path, unit: &str) -> Option<String> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    let mut timers: Vec<_> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.ends_with(KIND))
        .collect();
    timers.sort_unstable();
    timers.into_iter().find(|timer| {
        let text = fs::read_to_string(folder.join(timer)).unwrap_or_default();
        started_by(timer, &text) == unit
    })
}

/// Returns the unit that a timer starts: the one it names, else the service of its own name.
fn started_by(timer: &str, text: &str) -> String {
    let mut lines = text.lines().map(str::trim);
    let named = lines.find_map(|line| line.strip_prefix("Unit=").map(str::trim));
    match named {
        Some(unit) => unit.to_owned(),
        None => format!("{}.service", timer.strip_suffix(KIND).unwrap_or(timer)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_starts_the_service_of_its_name_or_the_one_it_names() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text| fs::write(folder.path().join(name), text).unwrap();
        write("a.timer", "[Timer]\nOnCalendar=daily\n");
        write("b.timer", "[Timer]\n Unit=other.service\n");
        write("c.service", "[Service]\n");
        let timer = |unit| timer_in(folder.path(), unit);
        assert_eq!(timer("a.service").as_deref(), Some("a.timer"));
        assert_eq!(timer("other.service").as_deref(), Some("b.timer"));
        assert_eq!(timer("b.service"), None);
        assert_eq!(timer("c.service"), None);
    }
}
