//! The questions in SQL. Pure.

use super::schema::{Addresses, Macs};
use super::{Filter, Schema};
use crate::flows::{HostOrder, Window};

/// What a store is asked.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The database; it goes as a setting of the request.
    pub database: &'a str,
    /// The columns.
    pub schema: &'a Schema,
    /// Only these records.
    pub filter: Option<Filter>,
    /// Only these hours of each day, and the IANA's name of the zone that they are in.
    pub window: Option<(&'a Window, String)>,
    /// Only what was received so many seconds before the store's own time.
    pub since: Option<u64>,
    /// How many rows of each kind at most.
    pub top: u64,
    /// What ranks them.
    pub order: HostOrder,
    /// The lengths of subnets' prefixes, if subnets are asked for.
    pub subnet: Option<(u8, u8)>,
}

/// So many MACs of a host are told.
const MAX_MACS: usize = 256;
/// When records came, from first to last, in nanoseconds since the start of 1970.
const SPAN: &str = "toUnixTimestamp64Nano(toDateTime64(min(t), 9)) AS first, \
                    toUnixTimestamp64Nano(toDateTime64(max(t), 9)) AS last";
const SUMS: &str = "sum(p * is_sent) AS sp, sum(b * is_sent) AS sb, \
                    sum(p * (1 - is_sent)) AS rp, sum(b * (1 - is_sent)) AS rb";
const FORMAT: &str = "LIMIT {top:UInt64} FORMAT JSONCompact";

/// Returns what `order` is in the sums below.
fn column(order: HostOrder) -> &'static str {
    match order {
        HostOrder::Bytes => "sb + rb",
        HostOrder::Packets => "sp + rp",
        HostOrder::Sent => "sb",
        HostOrder::Received => "rb",
        HostOrder::SentPackets => "sp",
        HostOrder::ReceivedPackets => "rp",
    }
}

impl Question<'_> {
    pub(super) fn database(&self) -> &str {
        self.database
    }

    /// Returns the parameters by name.
    pub(super) fn parameters(&self) -> Vec<(String, String)> {
        let mut all = vec![("top".to_owned(), self.top.to_string())];
        let mut add = |name: &str, value: String| all.push((name.to_owned(), value));
        if let Some((window, zone)) = &self.window {
            let (begin, end) = window.times();
            add("begin", begin.to_string());
            add("end", end.to_string());
            add("zone", zone.clone());
        }
        if let Some(since) = self.since {
            add("since", since.to_string());
        }
        if let Some((v4, v6)) = self.subnet {
            // IPv4 stands in the last 32 bits.
            add("short", (v4 + 96).to_string());
            add("long", v6.to_string());
        }
        let filter = self.filter.iter().flat_map(|filter| &filter.parameters);
        all.extend(filter.cloned());
        all
    }

    /// All records in the form that the questions below are about: `t`, `rate`, packets `p` and octets `b` multiplied by
    /// it, addresses as `IPv6`, MACs as text, and what the filter looks at.
    fn records(&self) -> String {
        let schema = self.schema;
        let number = |column: &Option<super::schema::Column>| {
            column
                .as_ref()
                .map_or("0", |column| column.sql())
                .to_owned()
        };
        let mac = |column: &Option<super::schema::Column>| match (column, schema.macs) {
            (None, _) => "''".to_owned(),
            (Some(column), Macs::Number) => {
                format!("if({0} = 0, '', MACNumToString({0}))", column.sql())
            }
            (Some(column), Macs::Text) => format!(
                "if({0} = '00:00:00:00:00:00', '', toString({0}))",
                column.sql()
            ),
        };
        let rate = schema.sampling.as_ref().map_or("1", |column| column.sql());
        format!(
            "(SELECT {time} AS t, greatest(toUInt64({rate}), 1) AS rate, toUInt64({packets}) * rate AS p, \
             toUInt64({bytes}) * rate AS b, {source} AS src, {destination} AS dst, \
             startsWith(toString(src), '::ffff:') AS is_v4, {smac} AS smac, {dmac} AS dmac, \
             {svlan} AS svlan, {dvlan} AS dvlan, {sport} AS sport, {dport} AS dport, {proto} AS proto \
             FROM {table} WHERE {condition})",
            time = schema.time.sql(),
            packets = schema.packets.sql(),
            bytes = schema.bytes.sql(),
            source = self.address(schema.source.sql()),
            destination = self.address(schema.destination.sql()),
            smac = mac(&schema.source_mac),
            dmac = mac(&schema.destination_mac),
            svlan = number(&schema.source_vlan),
            dvlan = number(&schema.destination_vlan),
            sport = number(&schema.source_port),
            dport = number(&schema.destination_port),
            proto = number(&schema.protocol),
            table = schema.table.sql(),
            condition = self.condition(),
        )
    }

    fn address(&self, column: &str) -> String {
        match self.schema.addresses {
            Addresses::Ipv6 => column.to_owned(),
            Addresses::Ipv4 => format!("IPv4ToIPv6({column})"),
            Addresses::Text => format!("toIPv6(toString({column}))"),
            Addresses::Octets => {
                let ether_type = self.schema.ether_type.as_ref();
                let ether_type = ether_type.map_or("0", |column| column.sql());
                format!(
                    "toIPv6(if({ether_type} = 2048, \
                     IPv4NumToString(reinterpretAsUInt32(reverse(substring({column}, 1, 4)))), \
                     IPv6NumToString({column})))"
                )
            }
        }
    }

    fn condition(&self) -> String {
        let time = self.schema.time.sql();
        let mut all = vec!["1".to_owned()];
        if self.since.is_some() {
            all.push(format!("{time} >= now() - {{since:UInt64}}"));
        }
        if let Some((window, _)) = &self.window {
            let (begin, end) = window.times();
            let second = format!(
                "(toHour({time}, {{zone:String}}) * 3600 + toMinute({time}, {{zone:String}}) * 60 \
                 + toSecond({time}, {{zone:String}}))"
            );
            let both = if begin <= end { "AND" } else { "OR" };
            all.push(format!(
                "({second} >= {{begin:UInt32}} {both} {second} < {{end:UInt32}})"
            ));
        }
        all.extend(self.filter.iter().map(|filter| filter.sql.clone()));
        all.join(" AND ")
    }

    pub(super) fn totals(&self) -> String {
        format!(
            "SELECT count(), sum(p), sum(b), {SPAN}, min(rate), max(rate) FROM {} {FORMAT}",
            self.records()
        )
    }

    pub(super) fn hosts(&self) -> String {
        format!(
            "SELECT toString(host), sp, sb, rp, rb, first, last, macs, count() OVER () FROM (\
             SELECT host, {SUMS}, {SPAN}, \
             arraySort(groupUniqArrayIf({MAX_MACS})(smac, is_sent = 1 AND smac != '')) AS macs \
             FROM {} ARRAY JOIN [src, dst] AS host, [1, 0] AS is_sent GROUP BY host) \
             ORDER BY {} DESC, host {FORMAT}",
            self.records(),
            column(self.order)
        )
    }

    pub(super) fn macs(&self) -> Option<String> {
        let schema = self.schema;
        let named = schema.source_mac.is_some() || schema.destination_mac.is_some();
        named.then(|| {
            format!(
                "SELECT mac, {SUMS}, uniqExactIf(src, is_sent = 1) FROM {} \
                 ARRAY JOIN [smac, dmac] AS mac, [1, 0] AS is_sent WHERE mac != '' GROUP BY mac \
                 ORDER BY {} DESC, mac {FORMAT}",
                self.records(),
                column(self.order)
            )
        })
    }

    pub(super) fn vlans(&self) -> Option<String> {
        let schema = self.schema;
        let named = schema.source_vlan.is_some() || schema.destination_vlan.is_some();
        named.then(|| {
            format!(
                "SELECT vlan, sum(p), sum(b) AS octets FROM {} \
                 ARRAY JOIN arrayDistinct([toUInt16(svlan), toUInt16(dvlan)]) AS vlan WHERE vlan > 0 \
                 GROUP BY vlan ORDER BY octets DESC, vlan {FORMAT}",
                self.records()
            )
        })
    }

    pub(super) fn subnets(&self) -> Option<((u8, u8), String)> {
        let prefix = self.subnet?;
        let sql = format!(
            "SELECT toString(net), {SUMS}, uniqExact(host) FROM (SELECT p, b, host, is_sent, \
             tupleElement(IPv6CIDRToRange(host, if(startsWith(toString(host), '::ffff:'), {{short:UInt8}}, {{long:UInt8}})), 1) \
             AS net FROM {} ARRAY JOIN [src, dst] AS host, [1, 0] AS is_sent) GROUP BY net ORDER BY {} DESC, net {FORMAT}",
            self.records(),
            column(self.order)
        );
        Some((prefix, sql))
    }
}
