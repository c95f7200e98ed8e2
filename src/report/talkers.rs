//! Hosts, MACs, VLANs and subnets, ranked.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;

use super::amount::{grouped, moment, octets, sparkline, to_the_second};
use super::style::{LABEL, Styled, WARNING};
use super::table::{Column, table};
use super::text::clean;
use crate::clickhouse::Ranking;
use crate::flows::{Census, Exported, Host, HostBins, Lost, MacRow, Subnet, Tally, Traffic};
use crate::identify::Vendor;
use crate::mac::Mac;

/// What of a census is shown.
#[derive(Clone, Debug)]
pub struct TalkersView {
    /// What hosts, MACs and subnets are ranked by.
    pub rank: fn(&Traffic) -> u64,
    /// How many of each at most.
    pub top: usize,
    /// The lengths of the prefixes of IPv4 and IPv6 subnets, if they are asked for.
    pub subnet: Option<(u8, u8)>,
    /// The width of a bin in nanoseconds, if bins are asked for.
    pub bin: Option<i64>,
}

/// The document of `talkers`.
#[derive(Debug, Serialize)]
pub struct TalkersDocument {
    pub(super) schema: &'static str,
    pub(super) packets: u64,
    pub(super) bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last: Option<Timestamp>,
    pub(super) skipped: BTreeMap<&'static str, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bin_seconds: Option<f64>,
    #[serde(skip)]
    pub(super) bin: Option<i64>,
    pub(super) hosts: Vec<HostRow>,
    pub(super) macs: Vec<MacEntry>,
    pub(super) vlans: Vec<VlanRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) subnets: Vec<SubnetRow>,
    pub(super) host_count: usize,
    pub(super) flow_count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exported: Option<Exported>,
    pub(super) lost: Lost,
    pub(super) errors: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct HostRow {
    pub(super) ip: IpAddr,
    pub(super) sent: Tally,
    pub(super) received: Tally,
    pub(super) macs: Vec<Mac>,
    pub(super) pcr: f64,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bins: Option<Vec<BinRow>>,
}

#[derive(Debug, Serialize)]
pub(super) struct BinRow {
    start: Timestamp,
    #[serde(skip)]
    begin: i64,
    sent: Tally,
    received: Tally,
}

#[derive(Debug, Serialize)]
pub(super) struct MacEntry {
    mac: Mac,
    vendor: Option<&'static str>,
    sent: Tally,
    received: Tally,
    ips: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct VlanRow {
    vlan: String,
    packets: u64,
    bytes: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct SubnetRow {
    subnet: String,
    sent: Tally,
    received: Tally,
    hosts: u64,
    pcr: f64,
}

impl TalkersDocument {
    /// Makes the document; `errors` are what could not be read.
    #[must_use]
    pub fn new(census: &Census, view: &TalkersView, errors: Vec<String>) -> TalkersDocument {
        let hosts = census.hosts(view.rank, view.top);
        let mut bins = view.bin.map(|_| {
            let shown: BTreeSet<IpAddr> = hosts.iter().map(|host| host.ip).collect();
            census.bins(&shown)
        });
        let mut host_row = |host: Host| {
            let bins = bins.as_mut().map(|bins| bins.remove(&host.ip));
            HostRow::new(host, bins.map(Option::unwrap_or_default))
        };
        let vlans = census.vlans.iter();
        let vlans = vlans.map(|(vlans, tally)| VlanRow::new(vlans.to_string(), *tally));
        TalkersDocument {
            schema: "halfspan.talkers/1",
            packets: census.total.packets,
            bytes: census.total.bytes,
            first: census.span.map(|span| moment(span.first)),
            last: census.span.map(|span| moment(span.last)),
            skipped: census
                .skipped
                .iter()
                .map(|(reason, count)| (reason.reason(), *count))
                .collect(),
            bin_seconds: view.bin.map(seconds),
            bin: view.bin,
            hosts: hosts.into_iter().map(&mut host_row).collect(),
            macs: mac_rows(census, view),
            vlans: vlans.collect(),
            subnets: subnet_rows(census, view),
            host_count: census.host_count(),
            flow_count: census.flow_count(),
            exported: census.exported,
            lost: census.lost(),
            errors,
        }
    }
}

impl VlanRow {
    fn new(vlan: String, tally: Tally) -> VlanRow {
        VlanRow {
            vlan,
            packets: tally.packets,
            bytes: tally.bytes,
        }
    }
}

impl From<Ranking> for TalkersDocument {
    /// Makes the document of what a store ranked.
    fn from(ranking: Ranking) -> TalkersDocument {
        let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let vlans = ranking.vlans.into_iter();
        let vlans = vlans.map(|(vlan, tally)| VlanRow::new(vlan.to_string(), tally));
        let hosts = ranking.hosts.into_iter();
        TalkersDocument {
            schema: "halfspan.talkers/1",
            packets: ranking.total.packets,
            bytes: ranking.total.bytes,
            first: ranking.span.map(|span| moment(span.first)),
            last: ranking.span.map(|span| moment(span.last)),
            skipped: BTreeMap::new(),
            bin_seconds: None,
            bin: None,
            hosts: hosts.map(|host| HostRow::new(host, None)).collect(),
            macs: ranking.macs.into_iter().map(MacEntry::from).collect(),
            vlans: vlans.collect(),
            subnets: ranking.subnets.into_iter().map(SubnetRow::from).collect(),
            host_count: number(ranking.host_count),
            flow_count: number(ranking.records),
            exported: Some(Exported {
                records: ranking.records,
                lowest_rate: ranking.rates.0,
                highest_rate: ranking.rates.1,
                ..Exported::default()
            }),
            lost: Lost::default(),
            errors: Vec::new(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "the width of a bin")]
fn seconds(nanoseconds: i64) -> f64 {
    nanoseconds as f64 / 1e9
}

impl HostRow {
    fn new(host: Host, bins: Option<HostBins>) -> HostRow {
        let row = |(begin, traffic): (i64, Traffic)| BinRow {
            start: moment(begin),
            begin,
            sent: traffic.sent,
            received: traffic.received,
        };
        HostRow {
            ip: host.ip,
            sent: host.traffic.sent,
            received: host.traffic.received,
            macs: host.macs,
            pcr: host.traffic.pcr(),
            first: moment(host.span.first),
            last: moment(host.span.last),
            bins: bins.map(|bins| bins.into_iter().map(row).collect()),
        }
    }
}

fn mac_rows(census: &Census, view: &TalkersView) -> Vec<MacEntry> {
    let rows = census.macs(view.rank, view.top).into_iter();
    rows.map(MacEntry::from).collect()
}

impl From<MacRow> for MacEntry {
    fn from(row: MacRow) -> MacEntry {
        MacEntry {
            mac: row.mac,
            vendor: Vendor::of(row.mac).name(),
            sent: row.traffic.sent,
            received: row.traffic.received,
            ips: row.ips,
        }
    }
}

fn subnet_rows(census: &Census, view: &TalkersView) -> Vec<SubnetRow> {
    let Some(prefix) = view.subnet else {
        return Vec::new();
    };
    let rows = census.subnets(prefix, view.rank, view.top).into_iter();
    rows.map(SubnetRow::from).collect()
}

impl From<(Subnet, Traffic, u64)> for SubnetRow {
    fn from((subnet, traffic, hosts): (Subnet, Traffic, u64)) -> SubnetRow {
        SubnetRow {
            subnet: subnet.to_string(),
            sent: traffic.sent,
            received: traffic.received,
            hosts,
            pcr: traffic.pcr(),
        }
    }
}

/// Which table people see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TalkersTable {
    /// By IP address.
    #[default]
    Hosts,
    /// By MAC.
    Macs,
    /// By subnet.
    Subnets,
    /// By VLAN.
    Vlans,
}

/// Returns the document as text.
#[must_use]
pub fn talkers(document: &TalkersDocument, which: TalkersTable) -> String {
    let mut text = match which {
        TalkersTable::Hosts => host_table(document),
        TalkersTable::Macs => mac_table(&document.macs),
        TalkersTable::Subnets => subnet_table(&document.subnets),
        TalkersTable::Vlans => vlan_table(&document.vlans),
    };
    text.push('\n');
    // Writing into a String cannot fail.
    let _written = writeln!(
        text,
        "{} packets, {}, {} hosts, {} flows",
        grouped(document.packets),
        octets(document.bytes),
        document.host_count,
        document.flow_count
    );
    if let (Some(first), Some(last)) = (document.first, document.last) {
        let _written = writeln!(text, "{} {first} to {last}", Styled(LABEL, "from"));
    }
    let skipped = document
        .skipped
        .iter()
        .map(|(why, count)| format!("{count} {why}"));
    let skipped = skipped.collect::<Vec<_>>().join(", ");
    if !skipped.is_empty() {
        let _written = writeln!(text, "{} {skipped}", Styled(LABEL, "without host:"));
    }
    exported_lines(&mut text, document.exported);
    lost_lines(&mut text, document.lost);
    text
}

/// Says what came of exporters, and what their numbers mean.
pub(super) fn exported_lines(text: &mut String, exported: Option<Exported>) {
    let Some(exported) = exported else {
        return;
    };
    // A store holds records, and no longer knows in how many datagrams they came.
    let came = match exported.datagrams {
        0 => String::new(),
        datagrams => format!(
            ", {} samples in {} datagrams",
            grouped(exported.samples),
            grouped(datagrams)
        ),
    };
    let _written = writeln!(
        text,
        "{} {} records{came}; bytes of records are those of IP packets",
        Styled(LABEL, "exported:"),
        grouped(exported.records)
    );
    if exported.is_sampled() {
        let rates = match (exported.lowest_rate, exported.highest_rate) {
            (lowest, highest) if lowest == highest => format!("{highest}"),
            (lowest, highest) => format!("{lowest} to {highest}"),
        };
        let _written = writeln!(
            text,
            "{} one packet in {rates} was counted; all numbers are multiplied by that, and so estimates",
            Styled(WARNING, "sampled:")
        );
    }
    if exported.without_template > 0 || exported.malformed > 0 || exported.unusable > 0 {
        let _written = writeln!(
            text,
            "{} {} sets came before their template, {} records do not tell addresses and packets, {} datagrams were \
             damaged or unknown",
            Styled(WARNING, "not read:"),
            grouped(exported.without_template),
            grouped(exported.unusable),
            grouped(exported.malformed)
        );
    }
}

/// Says what bounded memory cost.
pub(super) fn lost_lines(text: &mut String, lost: Lost) {
    let kinds = [
        (lost.flows, "flows", lost.flow_error, "flow"),
        (lost.hosts, "hosts", lost.host_error, "host"),
        (lost.macs, "MACs", lost.mac_error, "MAC"),
        (lost.bins, "bins", lost.bin_error, "bin"),
    ];
    for (given_up, kind, error, one) in kinds {
        if given_up > 0 {
            let _written = writeln!(
                text,
                "{} memory was full: {} of the smallest {kind} were given up; a {one} may have up to {} more than shown",
                Styled(WARNING, "bounded:"),
                grouped(given_up),
                grouped(error)
            );
        }
    }
    if lost.macs_of_hosts {
        let _written = writeln!(
            text,
            "{} of some hosts not all MACs that sent from their address are listed",
            Styled(WARNING, "bounded:")
        );
    }
}

/// A column of texts made of rows.
pub(super) fn column<'a, T>(
    name: &'a str,
    rows: &'a [T],
    cell: impl Fn(&'a T) -> String,
) -> Column<'a> {
    Column {
        name,
        cells: rows.iter().map(|row| Cow::Owned(cell(row))).collect(),
    }
}

const SPARKLINE_WIDTH: usize = 48;

fn host_table(document: &TalkersDocument) -> String {
    let hosts = &document.hosts;
    let mut columns = vec![
        column("host", hosts, |host| host.ip.to_string()),
        column("sent", hosts, |host| octets(host.sent.bytes)),
        column("packets", hosts, |host| grouped(host.sent.packets)),
        column("received", hosts, |host| octets(host.received.bytes)),
        column("packets", hosts, |host| grouped(host.received.packets)),
        column("pcr", hosts, |host| format!("{:+.2}", host.pcr)),
        column("mac", hosts, |host| macs(&host.macs)),
    ];
    let filled = document.bin.and_then(|width| FilledBins::of(hosts, width));
    if let Some(filled) = &filled {
        columns.push(column("over time", hosts, |host| {
            sparkline(&filled.values(host), SPARKLINE_WIDTH)
        }));
    }
    let mut text = table(&columns);
    if let Some(filled) = filled {
        let _written = writeln!(
            text,
            "{} {} to {}, {} bins",
            Styled(LABEL, "over time:"),
            to_the_second(filled.first),
            to_the_second(filled.last.saturating_add(filled.width)),
            filled.count()
        );
    }
    text
}

fn macs(macs: &[Mac]) -> String {
    match macs {
        [] => "-".to_owned(),
        [one] => one.to_string(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

fn mac_table(macs: &[MacEntry]) -> String {
    table(&[
        column("mac", macs, |row| row.mac.to_string()),
        column("sent", macs, |row| octets(row.sent.bytes)),
        column("packets", macs, |row| grouped(row.sent.packets)),
        column("received", macs, |row| octets(row.received.bytes)),
        column("packets", macs, |row| grouped(row.received.packets)),
        column("addresses", macs, |row| grouped(row.ips)),
        column("vendor", macs, |row| {
            clean(&Vendor::of(row.mac).to_string()).into_owned()
        }),
    ])
}

fn subnet_table(rows: &[SubnetRow]) -> String {
    table(&[
        column("subnet", rows, |row| row.subnet.clone()),
        column("hosts", rows, |row| grouped(row.hosts)),
        column("sent", rows, |row| octets(row.sent.bytes)),
        column("packets", rows, |row| grouped(row.sent.packets)),
        column("received", rows, |row| octets(row.received.bytes)),
        column("packets", rows, |row| grouped(row.received.packets)),
        column("pcr", rows, |row| format!("{:+.2}", row.pcr)),
    ])
}

fn vlan_table(rows: &[VlanRow]) -> String {
    table(&[
        column("vlan", rows, |row| row.vlan.clone()),
        column("packets", rows, |row| grouped(row.packets)),
        column("bytes", rows, |row| octets(row.bytes)),
    ])
}

/// The bins of several hosts on one time axis.
pub(super) struct FilledBins {
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) width: i64,
}

/// More bins than any picture shows: a stray time stamp must not make a row of millions.
const MAX_BINS: i64 = 100_000;

impl FilledBins {
    pub(super) fn of(hosts: &[HostRow], width: i64) -> Option<FilledBins> {
        let begins = || {
            let bins = hosts.iter().filter_map(|host| host.bins.as_ref());
            bins.flatten().map(|bin| bin.begin)
        };
        let (first, last) = (begins().min()?, begins().max()?);
        Some(FilledBins {
            first,
            last,
            width: width.max(1),
        })
    }

    fn count(&self) -> i64 {
        (self.last.saturating_sub(self.first) / self.width + 1).min(MAX_BINS)
    }

    pub(super) fn values(&self, host: &HostRow) -> Vec<u64> {
        let mut values = vec![0; usize::try_from(self.count()).unwrap_or(0)];
        for bin in host.bins.iter().flatten() {
            let place = bin.begin.saturating_sub(self.first) / self.width;
            let slot = usize::try_from(place)
                .ok()
                .and_then(|place| values.get_mut(place));
            if let Some(slot) = slot {
                *slot += bin.sent.bytes + bin.received.bytes;
            }
        }
        values
    }
}
