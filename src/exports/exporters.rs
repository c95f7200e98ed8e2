//! Everybody who exports, and what each has told about itself.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::datagram::Datagram;
use super::fields::Record;
use super::netflow5;
use super::sets::{self, Came, Dialect, Domain};
use super::sflow::{self, Sample};

/// Something that a datagram told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Took<'a> {
    /// One direction of a flow.
    Record(Record),
    /// A packet that was picked out.
    Sample(Sample<'a>),
}

/// How many exporters and domains are remembered: forged senders must not fill the memory.
const MAX_DOMAINS: usize = 256;

/// A domain is one sender's, one protocol's, and has a number.
type DomainKey = (IpAddr, bool, u32);

/// Everybody who exports.
#[derive(Debug, Default)]
pub struct Exporters {
    domains: BTreeMap<DomainKey, (u64, Domain)>,
    /// Datagrams that came.
    pub datagrams: u64,
    /// Datagrams that are of no known protocol, or damaged: what could be read of those was told.
    pub malformed: u64,
    /// Sets of records whose template had not come yet; exporters repeat them every few minutes.
    pub without_template: u64,
    /// Records that do not tell who sent to whom, or how many packets.
    pub unusable: u64,
}

impl Exporters {
    /// Reads a datagram that `sender` sent.
    pub fn take<'a>(&mut self, sender: IpAddr, bytes: &'a [u8], tell: &mut dyn FnMut(Took<'a>)) {
        self.datagrams += 1;
        let read = match Datagram::parse(bytes) {
            Some(Datagram::NetFlow5(body)) => {
                netflow5::read(body, &mut |record| tell(Took::Record(record)))
            }
            Some(Datagram::SFlow(body)) => {
                sflow::read(body, &mut |sample| tell(Took::Sample(sample)))
            }
            Some(Datagram::Sets(dialect, body)) => {
                let mut tell = |record| tell(Took::Record(record));
                self.take_sets(sender, dialect, body, &mut tell)
            }
            None => None,
        };
        if read.is_none() {
            self.malformed += 1;
        }
    }

    fn take_sets(
        &mut self,
        sender: IpAddr,
        dialect: Dialect,
        body: &[u8],
        tell: &mut dyn FnMut(Record),
    ) -> Option<()> {
        let head = sets::head(dialect, body)?;
        let key = (sender, dialect == Dialect::Ipfix, head.domain);
        if self.domains.len() >= MAX_DOMAINS && !self.domains.contains_key(&key) {
            self.forget_one();
        }
        let (heard, domain) = self.domains.entry(key).or_default();
        *heard = self.datagrams;
        let mut came = Came::default();
        let read = domain.read(dialect, &head, &mut came, tell);
        self.without_template += came.without_template;
        self.unusable += came.unusable;
        read
    }

    /// Forgets the domain that was not heard for the longest time.
    fn forget_one(&mut self) {
        let oldest = self.domains.iter().min_by_key(|(_, (heard, _))| *heard);
        if let Some(key) = oldest.map(|(key, _)| *key) {
            self.domains.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests;
