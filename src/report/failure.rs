//! Failures and warnings.

use std::error::Error;

use serde::Serialize;

use super::style::{ERROR, LABEL, Styled, WARNING};
use crate::error::Failure;
use crate::locate::ErrorReport;

/// The document of a command that failed without a report of its own.
#[derive(Clone, Debug, Serialize)]
pub struct FailureReport {
    schema: &'static str,
    error: ErrorReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    exit_code: u8,
}

impl From<&Failure> for FailureReport {
    fn from(failure: &Failure) -> Self {
        FailureReport {
            schema: "halfspan.failure/1",
            error: ErrorReport::from(failure),
            state: failure.state.clone(),
            exit_code: failure.exit.code(),
        }
    }
}

impl From<&Failure> for ErrorReport {
    fn from(failure: &Failure) -> Self {
        let mut causes = Vec::new();
        let mut cause = failure.error.source();
        while let Some(error) = cause {
            causes.push(error.to_string());
            cause = Error::source(error);
        }
        ErrorReport {
            message: failure.error.to_string(),
            causes,
            hint: failure.hint.clone(),
        }
    }
}

/// Returns the lines of a failure: `error:`, `cause:`, `hint:`, `state:`.
#[must_use]
pub fn failure(failure: &Failure) -> String {
    let text = failure.to_string();
    let lines: Vec<String> = text
        .lines()
        .map(|line| match line.split_once(':') {
            Some(("error", rest)) => format!("{}{rest}", Styled(ERROR, "error:")),
            Some((word @ ("cause" | "hint" | "state"), rest)) => {
                format!("{}{rest}", Styled(LABEL, format_args!("{word}:")))
            }
            _ => line.to_owned(),
        })
        .collect();
    lines.join("\n")
}

/// Returns the line of a warning.
#[must_use]
pub fn warning(sentence: &str) -> String {
    format!("{} {sentence}", Styled(WARNING, "warning:"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Exit;

    #[test]
    fn a_failure_reads_the_same_with_and_without_colour() {
        let broken = Failure::new(Exit::Device, "office-1 did not answer")
            .hint("check the address")
            .state("nothing was changed");
        let styled = failure(&broken);
        assert_ne!(styled, broken.to_string());
        assert_eq!(
            anstream::adapter::strip_str(&styled).to_string(),
            broken.to_string()
        );
    }

    #[test]
    fn the_document_of_a_failure_holds_all_of_it() {
        let broken =
            Failure::new(Exit::Device, "office-1 did not answer").hint("check the address");
        insta::assert_json_snapshot!(FailureReport::from(&broken), @r#"
        {
          "schema": "halfspan.failure/1",
          "error": {
            "message": "office-1 did not answer",
            "hint": "check the address"
          },
          "exit_code": 3
        }
        "#);
    }
}
