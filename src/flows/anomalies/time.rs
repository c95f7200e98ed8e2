//! What keeps time too well: beacons, and days without a night.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::super::conversation::protocol_name;
use super::super::tally::Tally;
use super::{Evidence, Finding, Kind, Scene, is_group};

/// So many gaps between visits make a rhythm.
const MIN_GAPS: u64 = 6;
/// The gaps last at least this long; below are calls of one program that works. In seconds.
const MIN_PERIOD: f64 = 5.0;
/// Their standard deviation is at most this share of their mean.
const MAX_JITTER: f64 = 0.1;

pub(super) fn beacons(scene: &Scene<'_>) -> Vec<Finding> {
    let Some(rhythms) = &scene.census.ledger.rhythms else {
        return Vec::new();
    };
    let regular = rhythms.table.iter().filter(|((_, target, ..), rhythm)| {
        !is_group(*target)
            && rhythm.gaps >= MIN_GAPS
            && rhythm.mean >= MIN_PERIOD
            && rhythm.deviation() <= MAX_JITTER * rhythm.mean
    });
    let finding = |((source, target, protocol, port), rhythm): &(
        _,
        super::super::rhythm::Rhythm,
    )| {
        let what = format!(
            "{source} turns to {target} {} port {port} every {:.1} s (deviation {:.1} s), {} times",
            protocol_name(*protocol),
            rhythm.mean,
            rhythm.deviation(),
            rhythm.gaps + 1
        );
        let evidence = Evidence {
            tally: rhythm.tally,
            span: rhythm.span,
            number: rhythm.number,
        };
        scene.of_host(Kind::Beacon, *source, what, evidence)
    };
    regular.map(finding).collect()
}

/// Days are told from nights only where there are at least two of each.
const MIN_HOURS: usize = 48;
/// A flat host is seen in at least this share of the hours, in per cent.
const MIN_HOURS_SEEN: usize = 95;
/// Its hours' standard deviation is at most this share of their mean.
const MAX_VARIATION: f64 = 0.3;
/// How many of the largest hosts are looked at.
const LARGEST: usize = 50;
/// Days are told from nights by the hour: the width of the bins that this needs, in nanoseconds.
pub const HOUR: i64 = 3_600_000_000_000;

pub(super) fn no_night(scene: &Scene<'_>) -> Vec<Finding> {
    let census = scene.census;
    let (Some(bins), Some(span)) = (&census.ledger.bins, census.span) else {
        return Vec::new();
    };
    // The first and the last hour are not whole.
    let first = span.first.div_euclid(HOUR) + 1;
    let hours = usize::try_from(span.last.div_euclid(HOUR) - first).unwrap_or(0);
    if bins.width != HOUR || hours < MIN_HOURS {
        return Vec::new();
    }
    let hosts = census.hosts(|traffic| traffic.both().bytes, LARGEST);
    let ours = hosts.iter().filter(|host| scene.local.has(host.ip));
    let shown: BTreeSet<IpAddr> = ours.map(|host| host.ip).collect();
    let mut findings = Vec::new();
    for (ip, host_bins) in census.bins(&shown) {
        let mut sums = vec![Tally::default(); hours];
        for (begin, traffic) in host_bins {
            let place = usize::try_from(begin.div_euclid(HOUR) - first).ok();
            if let Some(sum) = place.and_then(|place| sums.get_mut(place)) {
                *sum = traffic.both();
            }
        }
        if let Some((mean, variation)) = flatness(&sums) {
            let what = format!(
                "{ip} has {mean:.0} bytes in every hour of {hours}, day and night (deviation {:.0} %)",
                variation * 100.0
            );
            let evidence = Evidence {
                tally: sums
                    .iter()
                    .fold(Tally::default(), |sum, hour| sum.plus(*hour)),
                span,
                number: 1,
            };
            findings.push(scene.of_host(Kind::NoNight, ip, what, evidence));
        }
    }
    findings
}

/// Returns mean and relative deviation of the hours' octets, if they are flat.
#[expect(clippy::cast_precision_loss, reason = "a statistic")]
fn flatness(hours: &[Tally]) -> Option<(f64, f64)> {
    let seen = hours.iter().filter(|hour| hour.packets > 0).count();
    if seen * 100 < hours.len() * MIN_HOURS_SEEN {
        return None;
    }
    let values = || hours.iter().map(|hour| hour.bytes as f64);
    let mean = values().sum::<f64>() / hours.len() as f64;
    let squares: f64 = values().map(|value| (value - mean).powi(2)).sum();
    let variation = (squares / hours.len() as f64).sqrt() / mean;
    (variation <= MAX_VARIATION).then_some((mean, variation))
}
