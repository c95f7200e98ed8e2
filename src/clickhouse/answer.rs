//! Answers in the format `JSONCompact`: rows of texts and numbers.

use std::net::{IpAddr, Ipv6Addr};

use serde_json::Value as Json;

use super::{Ranking, StoreError};
use crate::flows::{Host, MacRow, Span, Subnet, Tally, Traffic};
use crate::mac::Mac;

/// The cells of a row.
pub(super) type Row = Vec<Json>;

/// Returns the rows of an answer.
pub(super) fn rows(body: &Json) -> Result<Vec<Row>, StoreError> {
    let data = body.get("data").and_then(Json::as_array);
    let data = data.ok_or_else(|| StoreError::Nonsense("it has no `data`".to_owned()))?;
    let rows = data.iter().map(|row| row.as_array().cloned());
    let rows: Option<Vec<Row>> = rows.collect();
    rows.ok_or_else(|| StoreError::Nonsense("a row is no list".to_owned()))
}

/// Reads the cells of a row one after the other.
struct Cells<'a>(std::slice::Iter<'a, Json>);

impl<'a> Cells<'a> {
    fn of(row: &'a Row) -> Cells<'a> {
        Cells(row.iter())
    }

    fn cell(&mut self) -> Result<&'a Json, StoreError> {
        let missing = || StoreError::Nonsense("a row is too short".to_owned());
        self.0.next().ok_or_else(missing)
    }

    /// Reads a number; servers of some settings put large ones in quotes.
    fn number<T: std::str::FromStr>(&mut self) -> Result<T, StoreError> {
        let cell = self.cell()?;
        let text = cell.as_str();
        let text = text.map_or_else(|| cell.to_string(), str::to_owned);
        text.parse()
            .map_err(|_| StoreError::Nonsense(format!("`{text}` is no number that fits")))
    }

    fn text(&mut self) -> Result<&'a str, StoreError> {
        let cell = self.cell()?;
        let no_text = || StoreError::Nonsense(format!("`{cell}` is no text"));
        cell.as_str().ok_or_else(no_text)
    }

    fn address(&mut self) -> Result<IpAddr, StoreError> {
        let text = self.text()?;
        let address: Result<Ipv6Addr, _> = text.parse();
        let no_address = |_| StoreError::Nonsense(format!("`{text}` is no address"));
        Ok(address.map_err(no_address)?.to_canonical())
    }

    fn tally(&mut self) -> Result<Tally, StoreError> {
        Ok(Tally {
            packets: self.number()?,
            bytes: self.number()?,
        })
    }

    fn traffic(&mut self) -> Result<Traffic, StoreError> {
        Ok(Traffic {
            sent: self.tally()?,
            received: self.tally()?,
        })
    }

    fn span(&mut self) -> Result<Span, StoreError> {
        Ok(Span {
            first: self.number()?,
            last: self.number()?,
        })
    }
}

fn mac(text: &str) -> Result<Mac, StoreError> {
    let no_mac = |_| StoreError::Nonsense(format!("`{text}` is no MAC"));
    text.parse().map_err(no_mac)
}

pub(super) fn totals(rows: &[Row]) -> Result<Ranking, StoreError> {
    let [row] = rows else {
        return Err(StoreError::Nonsense(
            "the totals are not one row".to_owned(),
        ));
    };
    let mut cells = Cells::of(row);
    let records = cells.number()?;
    let total = cells.tally()?;
    let span = cells.span()?;
    // Rates are numbers of packets; what is above 32 bits is no rate.
    let mut rate = || Ok(u32::try_from(cells.number::<u64>()?).unwrap_or(u32::MAX));
    Ok(Ranking {
        total,
        records,
        span: (records > 0).then_some(span),
        rates: (rate()?, rate()?),
        ..Ranking::default()
    })
}

/// Returns the hosts, and how many there are.
pub(super) fn hosts(rows: &[Row]) -> Result<(Vec<Host>, u64), StoreError> {
    let mut count = 0;
    let mut hosts = Vec::new();
    for row in rows {
        let mut cells = Cells::of(row);
        let (ip, traffic, span) = (cells.address()?, cells.traffic()?, cells.span()?);
        let macs = cells.cell()?.as_array().into_iter().flatten();
        let macs = macs.filter_map(Json::as_str).map(mac);
        hosts.push(Host {
            ip,
            traffic,
            span,
            macs: macs.collect::<Result<_, _>>()?,
        });
        count = cells.number()?;
    }
    Ok((hosts, count))
}

pub(super) fn macs(rows: &[Row]) -> Result<Vec<MacRow>, StoreError> {
    let row = |row: &Row| {
        let mut cells = Cells::of(row);
        Ok(MacRow {
            mac: mac(cells.text()?)?,
            traffic: cells.traffic()?,
            ips: cells.number()?,
        })
    };
    rows.iter().map(row).collect()
}

pub(super) fn vlans(rows: &[Row]) -> Result<Vec<(u16, Tally)>, StoreError> {
    let row = |row: &Row| {
        let mut cells = Cells::of(row);
        Ok((cells.number()?, cells.tally()?))
    };
    rows.iter().map(row).collect()
}

pub(super) fn subnets(
    rows: &[Row],
    prefix: (u8, u8),
) -> Result<Vec<(Subnet, Traffic, u64)>, StoreError> {
    let row = |row: &Row| {
        let mut cells = Cells::of(row);
        let net = Subnet::around(cells.address()?, prefix);
        Ok((net, cells.traffic()?, cells.number()?))
    };
    rows.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_read_with_and_without_quotes() {
        let body = json!({"data": [["::ffff:10.0.0.1", "2", 300, 0, 0, 5, "9", ["02:00:00:00:00:01"], 7]]});
        let (hosts, count) = hosts(&rows(&body).unwrap()).unwrap();
        assert_eq!((hosts[0].ip.to_string().as_str(), count), ("10.0.0.1", 7));
        assert_eq!(
            hosts[0].traffic.sent,
            Tally {
                packets: 2,
                bytes: 300
            }
        );
        assert_eq!(hosts[0].span, Span { first: 5, last: 9 });
    }

    #[test]
    fn what_is_no_such_table_is_told() {
        for body in [
            json!({}),
            json!({"data": [1]}),
            json!({"data": [["x", 1, 1, 1, 1, 1, 1, [], 1]]}),
            json!({"data": [["::1", -1, 1, 1, 1, 1, 1, [], 1]]}),
            json!({"data": [["::1", 1]]}),
        ] {
            assert!(rows(&body).and_then(|rows| hosts(&rows)).is_err(), "{body}");
        }
    }
}
