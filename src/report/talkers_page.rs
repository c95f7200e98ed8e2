//! Talkers as one HTML file that needs nothing else, with a plot of the bins.

use std::fmt::Write;

use super::amount::{grouped, octets, to_the_second};
use super::html::{STYLE, escape};
use super::talkers::{FilledBins, HostRow, TalkersDocument};

const PLOT_WIDTH: usize = 900;
const PLOT_HEIGHT: usize = 220;
/// The hosts that are drawn; colours that stay apart for the colour-blind (Okabe and Ito).
const COLORS: [&str; 6] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
];

/// Returns the whole file.
#[must_use]
pub fn talkers_page(document: &TalkersDocument) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Talkers</title>\n<style>{STYLE} td{{text-align:right}} td:first-child,td:last-child{{text-align:left}}</style>\n\
         <h1>Who talks</h1>\n<p>{} packets, {}, {} hosts, {} flows</p>\n",
        grouped(document.packets),
        octets(document.bytes),
        document.host_count,
        document.flow_count
    );
    if let Some(filled) = document
        .bin
        .and_then(|width| FilledBins::of(&document.hosts, width))
    {
        plot(&mut page, &document.hosts, &filled);
    }
    page.push_str(
        "<div class=\"scroll\"><table>\n<tr><th>host</th><th>sent</th><th>packets</th><th>received</th><th>packets</th>\
         <th>pcr</th><th>mac</th></tr>\n",
    );
    for host in &document.hosts {
        let macs: Vec<String> = host.macs.iter().map(ToString::to_string).collect();
        // Writing into a String cannot fail.
        let _written = writeln!(
            page,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{:+.2}</td><td>{}</td></tr>",
            host.ip,
            octets(host.sent.bytes),
            grouped(host.sent.packets),
            octets(host.received.bytes),
            grouped(host.received.packets),
            host.pcr,
            escape(&macs.join(", "))
        );
    }
    page.push_str("</table></div>\n");
    for error in &document.errors {
        let _written = writeln!(page, "<p>{}</p>", escape(error));
    }
    page.push_str("</html>\n");
    page
}

/// A line a host: octets sent and received in each bin.
fn plot(page: &mut String, hosts: &[HostRow], filled: &FilledBins) {
    let lines: Vec<Vec<u64>> = hosts
        .iter()
        .take(COLORS.len())
        .map(|host| filled.values(host))
        .collect();
    let largest = lines.iter().flatten().copied().max().unwrap_or(0).max(1);
    let _written = writeln!(
        page,
        "<h2>Bytes over time</h2>\n<svg viewBox=\"0 0 {PLOT_WIDTH} {PLOT_HEIGHT}\" role=\"img\" \
         aria-label=\"bytes of each bin\" style=\"width:100%;border:1px solid #888\">"
    );
    for (line, color) in lines.iter().zip(COLORS) {
        let points: Vec<String> = line
            .iter()
            .enumerate()
            .map(|(place, value)| point(place, line.len(), *value, largest))
            .collect();
        let _written = writeln!(
            page,
            "<polyline fill=\"none\" stroke=\"{color}\" stroke-width=\"1.5\" points=\"{}\"/>",
            points.join(" ")
        );
    }
    let _written = writeln!(
        page,
        "</svg>\n<p>{} to {} (UTC); the top of the picture is {} a bin</p>\n<ul>",
        to_the_second(filled.first),
        to_the_second(filled.last.saturating_add(filled.width)),
        octets(largest)
    );
    for (host, color) in hosts.iter().zip(COLORS) {
        let _written = writeln!(page, "<li style=\"color:{color}\">{}</li>", host.ip);
    }
    page.push_str("</ul>\n");
}

#[expect(clippy::cast_precision_loss, reason = "places in a picture")]
fn point(place: usize, count: usize, value: u64, largest: u64) -> String {
    let x = (place as f64 + 0.5) / count.max(1) as f64 * PLOT_WIDTH as f64;
    let y = (1.0 - value as f64 / largest as f64) * (PLOT_HEIGHT - 4) as f64 + 2.0;
    format!("{x:.1},{y:.1}")
}
