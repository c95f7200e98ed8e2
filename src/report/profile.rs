//! Switch profiles, and what a trial of one has shown.

use std::borrow::Cow;
use std::fmt::Write;

use serde::Serialize;

use super::style::{STRONG, Styled};
use super::table::{Column, table};
use super::text::clean;
use crate::locate::Trial;
use crate::profile::Profile;

/// A profile, in one line.
#[derive(Clone, Debug, Serialize)]
pub struct ProfileRow {
    /// Its name.
    pub name: String,
    /// Which switches it is for.
    pub about: String,
    /// How they are told what to mirror.
    pub shape: &'static str,
    /// `hardware`, `mib`, `vendor-doc` or `code`.
    pub confidence: &'static str,
    /// Whether the destination port still carries ordinary traffic.
    pub destination_traffic: &'static str,
    /// What can be copied, and how many ports at once.
    pub limits: String,
}

impl ProfileRow {
    /// Sums a profile up.
    #[must_use]
    pub fn of(profile: &Profile) -> Self {
        let copies = if profile.copies_ingress_alone() {
            ""
        } else {
            "both directions only; "
        };
        let sources = match profile.limits.sources {
            Some(1) => "one port at a time".to_owned(),
            Some(n) => format!("{n} ports"),
            None => "any ports".to_owned(),
        };
        ProfileRow {
            name: profile.name.clone(),
            about: profile.about.clone(),
            shape: profile.shape.word(),
            confidence: profile.confidence.key(),
            destination_traffic: profile.destination_traffic.word(),
            limits: format!("{copies}{sources}"),
        }
    }
}

/// Returns the profiles as a table.
#[must_use]
pub fn profile_list(rows: &[ProfileRow]) -> String {
    let column = |name, cell: fn(&ProfileRow) -> &str| Column {
        name,
        cells: rows
            .iter()
            .map(|row| clean(cell(row)))
            .collect::<Vec<Cow<'_, str>>>(),
    };
    table(&[
        column("profile", |row| &row.name),
        column("shape", |row| row.shape),
        column("facts from", |row| row.confidence),
        column("destination port", |row| row.destination_traffic),
        column("mirrors", |row| &row.limits),
        column("for", |row| &row.about),
    ])
}

/// Returns the profiles as a Markdown table, for `docs/profiles.md`.
#[must_use]
pub fn profile_markdown(rows: &[ProfileRow]) -> String {
    let mut text = String::from(
        "| profile | for | shape | facts from | mirrors | destination port |\n|---|---|---|---|---|---|\n",
    );
    for row in rows {
        // Writing into a String cannot fail.
        let _written = writeln!(
            text,
            "| `{}` | {} | `{}` | {} | {} | {} |",
            row.name, row.about, row.shape, row.confidence, row.limits, row.destination_traffic
        );
    }
    text
}

/// Returns what a trial has shown, ready to be sent to those who keep the profiles.
#[must_use]
pub fn profile_trial(profile: &str, switch: &str, trial: &Trial) -> String {
    let mut text = format!(
        "{}\n",
        Styled(STRONG, format_args!("{profile} on {switch}"))
    );
    let yes = |yes: bool| if yes { "yes" } else { "NO" };
    let mut line = |what: &str, said: &str| {
        // Writing into a String cannot fail.
        let _written = writeln!(text, "  {what:<12} {}", clean(said));
    };
    line("asked", &trial.agent);
    if let Some(descr) = &trial.sys_descr {
        line("switch says", descr);
    }
    if let Some(id) = &trial.sys_object_id {
        line("sysObjectID", id);
    }
    line("port", &trial.port);
    line(
        "written",
        &format!(
            "{} requests, {:.2} s until read back",
            trial.writes, trial.write_seconds
        ),
    );
    if let Some(why) = &trial.trouble {
        line("refused", why);
    }
    line("read back", yes(trial.read_back));
    if trial.trouble.is_none() {
        line(
            "frames",
            &match trial.settle_seconds {
                Some(seconds) => format!("{} heard, the first after {seconds:.2} s", trial.frames),
                None => "none heard: is anything talking on that port?".to_owned(),
            },
        );
    }
    line(
        "answers",
        &format!("while it mirrors: {}", yes(trial.answers_while_mirroring)),
    );
    line("put back", yes(trial.put_back));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::built_in;

    #[test]
    fn the_documents_table_of_families_is_the_one_that_the_program_writes() {
        let rows: Vec<ProfileRow> = built_in().iter().map(ProfileRow::of).collect();
        let document = include_str!("../../docs/profiles.md");
        assert!(
            document.ends_with(&profile_markdown(&rows)),
            "renew it: halfspan profile list --markdown"
        );
    }

    #[test]
    fn a_trial_says_what_it_saw_and_what_failed() {
        let trial = Trial {
            agent: "office-1 (10.0.0.2)".to_owned(),
            sys_descr: Some("GS2210-24".to_owned()),
            sys_object_id: Some("1.3.6.1.4.1.890.1.15".to_owned()),
            port: "7".to_owned(),
            writes: 3,
            write_seconds: 0.25,
            trouble: None,
            read_back: true,
            frames: 0,
            settle_seconds: None,
            answers_while_mirroring: false,
            put_back: true,
        };
        assert!(!trial.is_good());
        let text = profile_trial("zyxel-4x", "office-1", &trial);
        let plain = anstream::adapter::strip_str(&text).to_string();
        insta::assert_snapshot!(plain, @r"
        zyxel-4x on office-1
          asked        office-1 (10.0.0.2)
          switch says  GS2210-24
          sysObjectID  1.3.6.1.4.1.890.1.15
          port         7
          written      3 requests, 0.25 s until read back
          read back    yes
          frames       none heard: is anything talking on that port?
          answers      while it mirrors: NO
          put back     yes
        ");
    }
}
