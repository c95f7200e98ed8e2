//! Flows, ranked.

use std::cmp::Reverse;
use std::fmt::Write;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::amount::{grouped, moment, octets, to_the_second};
use super::style::{LABEL, Styled, WARNING};
use super::table::table;
use super::talkers::{column, exported_lines, lost_lines};
use super::text::clean;
use super::{FindingRow, anomalies};
use crate::flows::{Census, Conversation, Exported, Finding, Lost, Measure, Tally};

/// The document of `flows`.
#[derive(Serialize)]
pub struct FlowsDocument<'a> {
    schema: &'static str,
    packets: u64,
    bytes: u64,
    flow_count: usize,
    flows: FlowList<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anomalies: Option<Vec<FindingRow>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exported: Option<Exported>,
    lost: Lost,
    errors: Vec<String>,
}

/// Flows that become rows one by one: there may be a million.
struct FlowList<'a> {
    census: &'a Census,
    order: Vec<usize>,
}

#[derive(Debug, Serialize)]
struct FlowRow {
    proto: String,
    a: IpAddr,
    a_port: u16,
    b: IpAddr,
    b_port: u16,
    packets: u64,
    bytes: u64,
    a_to_b: Tally,
    b_to_a: Tally,
    first: Timestamp,
    last: Timestamp,
    #[serde(skip)]
    began: i64,
    seconds: f64,
    state: &'static str,
    /// A guess, unless it begins with the protocol that named it.
    service: Option<String>,
    /// The number of the first packet in the reading, from 1.
    first_packet: u64,
}

impl<'a> FlowsDocument<'a> {
    /// Makes the document of the flows at these places; `errors` are what could not be read.
    #[must_use]
    pub fn new(census: &'a Census, order: Vec<usize>, errors: Vec<String>) -> FlowsDocument<'a> {
        FlowsDocument {
            schema: "halfspan.flows/1",
            packets: census.total.packets,
            bytes: census.total.bytes,
            flow_count: census.flow_count(),
            flows: FlowList { census, order },
            anomalies: None,
            exported: census.exported,
            lost: census.lost(),
            errors,
        }
    }
}

impl FlowsDocument<'_> {
    /// Adds what is odd.
    #[must_use]
    pub fn with_anomalies(mut self, findings: &[Finding]) -> Self {
        self.anomalies = Some(findings.iter().map(FindingRow::from).collect());
        self
    }
}

impl FlowList<'_> {
    fn rows(&self) -> impl Iterator<Item = FlowRow> + '_ {
        let flows = self
            .order
            .iter()
            .filter_map(|&place| self.census.conversation(place));
        flows.map(|flow| FlowRow::new(self.census, &flow))
    }
}

impl Serialize for FlowList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.rows())
    }
}

impl FlowRow {
    fn new(census: &Census, flow: &Conversation) -> FlowRow {
        let both = flow.both();
        FlowRow {
            proto: flow.protocol_name(),
            a: flow.a.ip,
            a_port: flow.a.port,
            b: flow.b.ip,
            b_port: flow.b.port,
            packets: both.packets,
            bytes: both.bytes,
            a_to_b: flow.a.sent,
            b_to_a: flow.b.sent,
            first: moment(flow.span.first),
            last: moment(flow.span.last),
            began: flow.span.first,
            seconds: flow.span.seconds(),
            state: flow.state().name(),
            service: census.service(flow).map(|service| service.to_string()),
            first_packet: flow.number,
        }
    }

    fn rate(&self) -> String {
        #[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
        let rate = self.bytes as f64 / self.seconds;
        if self.seconds < 1e-3 {
            return "-".to_owned();
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a positive rate, far below 2^64"
        )]
        let whole = rate as u64;
        format!("{}/s", octets(whole))
    }
}

/// Returns the document as text: what is odd, if that was asked for, else the flows.
#[must_use]
pub fn flows(document: &FlowsDocument<'_>) -> String {
    let mut text = match &document.anomalies {
        Some(findings) => anomalies(findings),
        None => flow_table(document),
    };
    exported_lines(&mut text, document.exported);
    if document.anomalies.is_some() && document.exported.is_some_and(Exported::is_sampled) {
        // Writing into a String cannot fail.
        let _written = writeln!(
            text,
            "{} scans, forged sources and what is never answered were not looked for: a sample lacks most answers",
            Styled(WARNING, "sampled:")
        );
    }
    lost_lines(&mut text, document.lost);
    text
}

fn flow_table(document: &FlowsDocument<'_>) -> String {
    let rows: Vec<FlowRow> = document.flows.rows().collect();
    let rows = rows.as_slice();
    let end = |ip: IpAddr, port: u16| match (ip, port) {
        (ip, 0) => ip.to_string(),
        (IpAddr::V6(ip), port) => format!("[{ip}]:{port}"),
        (ip, port) => format!("{ip}:{port}"),
    };
    let mut text = table(&[
        column("proto", rows, |row| row.proto.clone()),
        column("from", rows, |row| end(row.a, row.a_port)),
        column("to", rows, |row| end(row.b, row.b_port)),
        column("sent", rows, |row| octets(row.a_to_b.bytes)),
        column("packets", rows, |row| grouped(row.a_to_b.packets)),
        column("back", rows, |row| octets(row.b_to_a.bytes)),
        column("packets", rows, |row| grouped(row.b_to_a.packets)),
        column("began (UTC)", rows, |row| to_the_second(row.began)),
        column("seconds", rows, |row| format!("{:.1}", row.seconds)),
        column("rate", rows, FlowRow::rate),
        column("state", rows, |row| row.state.to_owned()),
        column("service", rows, |row| {
            clean(row.service.as_deref().unwrap_or("-")).into_owned()
        }),
    ]);
    // Writing into a String cannot fail.
    let _written = writeln!(
        text,
        "\n{} of {} flows; {} packets, {}",
        rows.len(),
        document.flow_count,
        grouped(document.packets),
        octets(document.bytes)
    );
    let _written = writeln!(
        text,
        "{} a service that ends in ? is guessed from its port",
        Styled(LABEL, "note:")
    );
    text
}

/// What flows are sorted by. The texts are the command line's help.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum FlowOrder {
    /// Octets of both ways, most first
    #[default]
    Bytes,
    /// Packets of both ways, most first
    Packets,
    /// Octets from the side that began, most first
    Sent,
    /// Octets back, most first
    Back,
    /// When it began
    First,
    /// When it ended
    Last,
    /// How long it lasted, longest first
    Duration,
    /// Octets a second, most first
    Rate,
    /// The two ends
    Ends,
    /// What became of it
    State,
}

/// A place in an order of flows: lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlowRank {
    /// More comes first.
    Most(Reverse<u64>),
    /// Earlier comes first.
    Earliest(i64),
    /// Lower addresses come first.
    Lowest((IpAddr, u16), (IpAddr, u16)),
    /// As the states are listed.
    State(crate::flows::State),
}

impl FlowOrder {
    /// Returns what flows have to be weighed by while they are counted, so that this order comes out right.
    #[must_use]
    pub fn measure(self) -> Measure {
        match self {
            FlowOrder::Packets => Measure::Packets,
            FlowOrder::Bytes
            | FlowOrder::Sent
            | FlowOrder::Back
            | FlowOrder::First
            | FlowOrder::Last
            | FlowOrder::Duration
            | FlowOrder::Rate
            | FlowOrder::Ends
            | FlowOrder::State => Measure::Bytes,
        }
    }

    /// Returns a flow's place.
    #[must_use]
    pub fn rank(self, flow: &Conversation) -> FlowRank {
        let most = |count| FlowRank::Most(Reverse(count));
        let lasted = u64::try_from(flow.span.last.saturating_sub(flow.span.first)).unwrap_or(0);
        match self {
            FlowOrder::Bytes => most(flow.both().bytes),
            FlowOrder::Packets => most(flow.both().packets),
            FlowOrder::Sent => most(flow.a.sent.bytes),
            FlowOrder::Back => most(flow.b.sent.bytes),
            FlowOrder::First => FlowRank::Earliest(flow.span.first),
            FlowOrder::Last => FlowRank::Earliest(flow.span.last),
            FlowOrder::Duration => most(lasted),
            FlowOrder::Rate => {
                // Flows of one packet have no rate.
                let scaled = u128::from(flow.both().bytes) * 1_000_000_000;
                let rate = scaled.checked_div(u128::from(lasted)).unwrap_or(0);
                most(u64::try_from(rate).unwrap_or(u64::MAX))
            }
            FlowOrder::Ends => FlowRank::Lowest((flow.a.ip, flow.a.port), (flow.b.ip, flow.b.port)),
            FlowOrder::State => FlowRank::State(flow.state()),
        }
    }
}
