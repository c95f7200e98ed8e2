//! The report of a run as one HTML file that needs nothing else: to mail, to print, to keep with the ticket.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::text::percent;
use crate::locate::{ProbeReport, Report};

/// The look of every page.
pub(super) const STYLE: &str = "\
body{font:16px/1.45 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c1c1c;background:#fff}\
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1.25rem}dt{color:#666}dd{margin:0}\
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.8rem}\
th,td{border:1px solid #ddd;padding:.15rem .35rem;text-align:center}td.why{text-align:left;min-width:18rem}\
.on{background:#cfe3ff}.heard{background:#8fd19e}\
@media(prefers-color-scheme:dark){body{background:#161616;color:#e6e6e6}dt{color:#999}th,td{border-color:#444}\
.on{background:#264a7a}.heard{background:#276b36}}";

/// Returns the whole file. Every text in it is escaped: names come from the network.
#[must_use]
pub fn html(report: &Report) -> String {
    let headline = super::locate::headline(report);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n<h1>{title}</h1>\n<dl>\n",
        title = escape(&headline)
    );
    for (name, value) in facts(report) {
        // Writing into a String cannot fail.
        let _written = writeln!(page, "<dt>{name}</dt><dd>{}</dd>", escape(&value));
    }
    page.push_str("</dl>\n");
    steps(&mut page, &report.probes);
    list(&mut page, "Worth knowing", &report.warnings);
    page.push_str("</html>\n");
    page
}

fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    let mut fact = |name, value: Option<String>| {
        facts.extend(
            value
                .filter(|text| !text.is_empty())
                .map(|text| (name, text)),
        )
    };
    let suspect = &report.suspect;
    fact("IP address", suspect.ip.map(|ip| ip.to_string()));
    fact("MAC", suspect.mac.map(|mac| mac.to_string()));
    fact("Vendor", suspect.vendor.clone());
    fact("Likely", suspect.kind.as_ref().map(ToString::to_string));
    fact("Filter", suspect.filter.clone());
    let names: Vec<String> = suspect
        .names
        .iter()
        .map(|name| format!("{} ({})", name.name, name.source))
        .collect();
    fact("Names", Some(names.join(", ")));
    fact("Switch", report.switch.clone());
    fact("Port", report.port.as_ref().map(|port| port.label.clone()));
    if let Some(patch) = &report.patch {
        fact("Outlet", Some(patch.outlet.clone()));
        fact(
            "Panel",
            Some(
                format!("{} {}", patch.panel, patch.position)
                    .trim()
                    .to_owned(),
            ),
        );
        fact("Room", Some(patch.room.clone()));
        fact("Note", Some(patch.note.clone()));
    }
    fact("Behind the port", report.behind.clone());
    fact("Confidence", report.confidence.map(percent));
    fact(
        "Proof",
        report
            .confirmation
            .map(|proof| format!("{} off/on cycles", proof.cycles)),
    );
    let left = if report.mirror.restored {
        "as it was before the run"
    } else {
        "NOT as it was: run halfspan restore"
    };
    fact(
        "Mirror of the switch",
        Some(format!("{left} ({} writes)", report.mirror.writes)),
    );
    fact(
        "Error",
        report.error.as_ref().map(|error| error.message.clone()),
    );
    fact("Time", Some(format!("{:.1} s", report.elapsed_seconds)));
    facts
}

/// The search as a picture: a row a window, a column a port.
fn steps(page: &mut String, probes: &[ProbeReport]) {
    let mut ports: Vec<&str> = Vec::new();
    let mut known = BTreeSet::new();
    for label in probes.iter().flat_map(|probe| &probe.sources) {
        if known.insert(label.as_str()) {
            ports.push(label);
        }
    }
    if ports.is_empty() {
        return;
    }
    page.push_str("<h2>How it was found</h2>\n<p>M: mirrored. H: mirrored, and the suspect was heard.</p>\n<div class=\"scroll\"><table>\n<tr><th>step</th>");
    for port in &ports {
        let _written = write!(page, "<th>{}</th>", escape(port));
    }
    page.push_str("<th>listened</th><th>heard</th><th>why</th></tr>\n");
    for (place, probe) in probes.iter().enumerate() {
        let _written = write!(page, "<tr><th>{}</th>", place + 1);
        for port in &ports {
            let mirrored = probe.sources.iter().any(|source| source == port);
            page.push_str(match (mirrored, probe.sightings > 0) {
                (true, true) => "<td class=\"heard\">H</td>",
                (true, false) => "<td class=\"on\">M</td>",
                (false, _) => "<td></td>",
            });
        }
        let _written = writeln!(
            page,
            "<td>{:.1} s</td><td>{}</td><td class=\"why\">{}</td></tr>",
            probe.seconds,
            probe.sightings,
            escape(&probe.why)
        );
    }
    page.push_str("</table></div>\n");
}

fn list(page: &mut String, heading: &str, items: &[String]) {
    if items.is_empty() {
        return;
    }
    let _written = writeln!(page, "<h2>{heading}</h2>\n<ul>");
    for item in items {
        let _written = writeln!(page, "<li>{}</li>", escape(item));
    }
    page.push_str("</ul>\n");
}

/// Makes a text safe to stand in a page.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other if other.is_control() => safe.push('?'),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::super::locate::tests::located;
    use super::*;
    use crate::locate::NameReport;

    #[test]
    fn a_name_from_the_network_stays_text() {
        let mut report = located();
        report.suspect.names = vec![NameReport {
            source: "netbios",
            name: "<script>alert('x')</script>".to_owned(),
            group: None,
            user: None,
            claimed_mac: None,
        }];
        let page = html(&report);
        assert!(
            page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"),
            "{page}"
        );
        assert!(!page.contains("<script"));
    }

    #[test]
    fn every_window_is_a_row_and_every_port_a_column() {
        let report = located();
        let page = html(&report);
        assert_eq!(page.matches("<tr>").count(), report.probes.len() + 1);
        assert!(page.contains("<td class=\"heard\">H</td>"));
    }
}
