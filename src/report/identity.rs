//! Who is behind an address, for people.

use std::fmt::Write;

use super::style::{LABEL, STRONG, Styled, WARNING};
use super::text::clean;
use crate::identify::Guess;
use crate::locate::NameReport;

/// What `identify` found out.
#[derive(Clone, Debug, serde::Serialize)]
pub struct IdentityDocument {
    /// Always `halfspan.identify/1`.
    pub schema: &'static str,
    /// The IP address, if one was given.
    pub ip: Option<std::net::IpAddr>,
    /// The MAC, if given or found.
    pub mac: Option<crate::mac::Mac>,
    /// Whom the MAC's prefix belongs to, or what kind of address it is.
    pub vendor: Option<String>,
    /// What it is likely to be, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Guess>,
    /// The day of the registry that the vendor comes from.
    pub registry: &'static str,
    /// What the machine calls itself.
    pub names: Vec<NameReport>,
    /// What does not fit together.
    pub warnings: Vec<String>,
}

/// Returns the document as text, one fact a line.
#[must_use]
pub fn identity(document: &IdentityDocument) -> String {
    let who = document
        .ip
        .map(|ip| ip.to_string())
        .or_else(|| document.mac.map(|mac| mac.to_string()));
    let mut text = format!("{}\n", Styled(STRONG, who.unwrap_or_default()));
    let mut line = |label: &str, value: &str| {
        if !value.is_empty() {
            // Writing into a String cannot fail.
            let _written = writeln!(
                text,
                "  {} {}",
                Styled(LABEL, format_args!("{label:<8}")),
                clean(value)
            );
        }
    };
    line(
        "mac",
        &document
            .mac
            .map_or_else(|| "not known".to_owned(), |mac| mac.to_string()),
    );
    if let Some(vendor) = &document.vendor {
        line(
            "vendor",
            &format!("{vendor}  (IEEE registry of {})", document.registry),
        );
    }
    if let Some(kind) = &document.kind {
        line("likely", &kind.to_string());
    }
    for name in &document.names {
        let more = [name.group.as_deref(), name.user.as_deref()]
            .into_iter()
            .flatten();
        let more: String = more.map(|word| format!("  {word}")).collect();
        line(name.source, &format!("{}{more}", name.name));
    }
    if document.names.is_empty() {
        line("names", "none told");
    }
    for warning in &document.warnings {
        let _written = writeln!(text, "  {} {}", Styled(WARNING, "warning "), clean(warning));
    }
    text
}
