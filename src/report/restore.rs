//! What `restore` did, for people and for scripts.

use std::path::Path;

use serde::Serialize;

use super::style::{ERROR, GOOD, Styled};
use super::text::clean;
use crate::error::Failure;
use crate::locate::ErrorReport;
use crate::mirror::Journal;

/// One switch that an interrupted run had left changed.
#[derive(Clone, Debug, Serialize)]
pub struct RestoreRow {
    /// Its name in the configuration, if the journal could be read.
    pub switch: Option<String>,
    /// When the interrupted run began to change it.
    pub since: Option<String>,
    /// Whether it is now as it was: read back and compared.
    pub restored: bool,
    /// Why it is not.
    pub error: Option<ErrorReport>,
}

impl RestoreRow {
    /// A switch whose journal could be read.
    #[must_use]
    pub fn new(journal: &Journal, failure: Option<&Failure>) -> Self {
        RestoreRow {
            switch: Some(journal.switch.clone()),
            since: Some(journal.written.strftime("%Y-%m-%d %H:%M UTC").to_string()),
            restored: failure.is_none(),
            error: failure.map(ErrorReport::from),
        }
    }

    /// A journal that makes no sense.
    #[must_use]
    pub fn damaged(failure: &Failure) -> Self {
        RestoreRow {
            switch: None,
            since: None,
            restored: false,
            error: Some(ErrorReport::from(failure)),
        }
    }
}

/// Returns a line for each switch. `others` were not to be put back and have a journal as well; `folder` is where all
/// journals of this user lie.
#[must_use]
pub fn restore(rows: &[RestoreRow], others: &[String], folder: &Path) -> String {
    let mut text = String::new();
    if rows.is_empty() {
        let which = if others.is_empty() { "" } else { " for it" };
        text.push_str(&format!(
            "nothing to put back: there is no journal{which} in {}\n",
            folder.display()
        ));
    }
    if !others.is_empty() {
        text.push_str(&format!(
            "to be put back besides, with `halfspan restore`: {}\n",
            clean(&others.join(", "))
        ));
    }
    for row in rows {
        let name = clean(row.switch.as_deref().unwrap_or("a journal")).into_owned();
        match (&row.error, &row.since) {
            (None, since) => {
                let since = since.as_deref().unwrap_or("an earlier time");
                let done = Styled(GOOD, "mirror put back");
                text.push_str(&format!(
                    "{name}: {done} as it was before the run of {since}\n"
                ));
            }
            (Some(error), _) => {
                text.push_str(&format!(
                    "{name}: {} {}\n",
                    Styled(ERROR, "NOT put back:"),
                    clean(&error.message)
                ));
                for cause in &error.causes {
                    text.push_str(&format!("  cause: {}\n", clean(cause)));
                }
                if let Some(hint) = &error.hint {
                    text.push_str(&format!("  hint:  {}\n", clean(hint)));
                }
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_there_is_nothing_to_put_back_is_said_of_one_folder_and_of_the_named_switches_only() {
        let folder = Path::new("/home/me/.local/state/halfspan/journal");
        insta::assert_snapshot!(restore(&[], &[], folder), @"nothing to put back: there is no journal in /home/me/.local/state/halfspan/journal");
        insta::assert_snapshot!(restore(&[], &["core".to_owned()], folder), @r"
        nothing to put back: there is no journal for it in /home/me/.local/state/halfspan/journal
        to be put back besides, with `halfspan restore`: core
        ");
    }
}
