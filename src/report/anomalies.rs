//! What is odd, for people and for scripts.

use std::fmt::Write;

use jiff::Timestamp;
use serde::Serialize;

use super::amount::{grouped, moment, octets, to_the_second};
use super::style::{LABEL, STRONG, Styled};
use crate::flows::{Cause, Finding, Tally};
use crate::mac::Mac;

/// A finding as the document has it.
#[derive(Debug, Serialize)]
pub struct FindingRow {
    kind: &'static str,
    suspect: String,
    macs: Vec<Mac>,
    what: String,
    #[serde(flatten)]
    tally: Tally,
    first: Timestamp,
    last: Timestamp,
    #[serde(skip)]
    span: (i64, i64),
    /// The number of the first packet in the reading, from 1.
    first_packet: u64,
    why: &'static str,
    causes: &'static [Cause],
    /// Absent where the host is not one of ours.
    locate: Option<String>,
}

impl From<&Finding> for FindingRow {
    fn from(finding: &Finding) -> FindingRow {
        let evidence = &finding.evidence;
        FindingRow {
            kind: finding.kind.name(),
            suspect: finding.wanted.to_string(),
            macs: finding.macs.clone(),
            what: finding.what.clone(),
            tally: evidence.tally,
            first: moment(evidence.span.first),
            last: moment(evidence.span.last),
            span: (evidence.span.first, evidence.span.last),
            first_packet: evidence.number,
            why: finding.kind.why(),
            causes: finding.kind.causes(),
            locate: finding.locate(),
        }
    }
}

/// Returns findings as text.
#[must_use]
pub fn anomalies(findings: &[FindingRow]) -> String {
    if findings.is_empty() {
        return "nothing odd was found\n".to_owned();
    }
    let mut text = String::new();
    for finding in findings {
        one(&mut text, finding);
        text.push('\n');
    }
    text
}

fn one(text: &mut String, finding: &FindingRow) {
    // Writing into a String cannot fail.
    let _written = writeln!(text, "{}: {}", Styled(STRONG, finding.kind), finding.what);
    let mut line = |label: &str, value: String| {
        let _written = writeln!(
            text,
            "  {} {value}",
            Styled(LABEL, format_args!("{label:<7}"))
        );
    };
    line(
        "packets",
        format!(
            "{}, {}; the first is number {}, {} to {} (UTC)",
            grouped(finding.tally.packets),
            octets(finding.tally.bytes),
            finding.first_packet,
            to_the_second(finding.span.0),
            to_the_second(finding.span.1)
        ),
    );
    if let [first, rest @ ..] = finding.macs.as_slice() {
        let more = match rest.len() {
            0 => String::new(),
            others => format!(" and {others} more"),
        };
        line("sent by", format!("{first}{more}"));
    }
    line("odd", finding.why.to_owned());
    for cause in finding.causes {
        line("maybe", format!("{}: {}", cause.host, cause.cause));
    }
    match &finding.locate {
        Some(command) => line("find it", command.clone()),
        None => line(
            "find it",
            "not here: the host is behind a router".to_owned(),
        ),
    }
}
