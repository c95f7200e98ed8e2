//! What `restore` did, for people and for scripts.

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

/// Returns a line for each switch.
#[must_use]
pub fn restore(rows: &[RestoreRow]) -> String {
    if rows.is_empty() {
        return "nothing to put back: no run was interrupted\n".to_owned();
    }
    let mut text = String::new();
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
