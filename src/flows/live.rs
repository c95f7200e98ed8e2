//! Sources that never end: the count can be looked at any time.

use std::net::IpAddr;

use foldhash::fast::RandomState;

use super::intake::Intake;
use super::ledger::Ledger;
use super::parcel::Parcel;
use super::{Census, Settings};
use crate::capture::Frame;
use crate::exports::{Exporters, Took};

/// Counts frames, flow records and samples one by one.
pub struct Count {
    intake: Intake,
    ledger: Ledger,
    parcel: Parcel,
    exporters: Exporters,
    exported: Option<Exported>,
}

/// What came of exporters, and how well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Exported {
    /// Datagrams that came.
    pub datagrams: u64,
    /// Flow records that were counted; their bytes are those of IP packets, without link headers.
    pub records: u64,
    /// Packet samples that were counted; their bytes are those on the wire.
    pub samples: u64,
    /// Datagrams of no known protocol, or damaged.
    pub malformed: u64,
    /// Sets of records that could not be read, as their template had not come yet.
    pub without_template: u64,
    /// Records that do not tell who sent to whom, or how many packets.
    pub unusable: u64,
    /// The lowest sampling rate: one packet stands for so many. All counts are multiplied by it.
    pub lowest_rate: u32,
    /// The highest.
    pub highest_rate: u32,
}

impl Exported {
    /// Tells whether a part of the packets was counted only.
    #[must_use]
    pub fn is_sampled(self) -> bool {
        self.highest_rate > 1
    }

    fn note(&mut self, rate: u32) {
        let is_first = self.records + self.samples == 1;
        self.lowest_rate = if is_first {
            rate
        } else {
            self.lowest_rate.min(rate)
        };
        self.highest_rate = self.highest_rate.max(rate);
    }
}

impl Count {
    /// Begins to count.
    #[must_use]
    pub fn new(settings: Settings) -> Count {
        let seed = RandomState::default();
        Count {
            intake: Intake::new(settings, &seed),
            ledger: Ledger::new(settings, &seed),
            parcel: Parcel::default(),
            exporters: Exporters::default(),
            exported: None,
        }
    }

    /// Counts a frame.
    pub fn add(&mut self, frame: &Frame<'_>) {
        self.intake.take(frame, &mut self.parcel);
        self.ledger.enter(&mut self.parcel);
    }

    /// Counts what an exporter tells in a datagram that came at `stamp`, in nanoseconds since the start of 1970, as far
    /// as `keep` wants its time.
    pub fn add_datagram(
        &mut self,
        sender: IpAddr,
        stamp: i64,
        bytes: &[u8],
        keep: &mut dyn FnMut(i64) -> bool,
    ) {
        let exported = self.exported.get_or_insert_default();
        let (intake, ledger) = (&mut self.intake, &mut self.ledger);
        self.exporters.take(sender, bytes, &mut |took| match took {
            Took::Record(record) if keep(record.first) => {
                exported.records += 1;
                exported.note(record.sampling);
                ledger.add_portion(&intake.take_record(&record));
            }
            Took::Sample(sample) if keep(stamp) => {
                exported.samples += 1;
                exported.note(sample.rate);
                let frame = Frame {
                    link_type: sample.link_type,
                    stamp,
                    wire_len: sample.wire_len,
                    bytes: sample.bytes,
                };
                if let Some(portion) = intake.take_sample(&frame, sample.rate) {
                    ledger.add_portion(&portion);
                }
            }
            Took::Record(_) | Took::Sample(_) => {}
        });
        exported.datagrams = self.exporters.datagrams;
        exported.malformed = self.exporters.malformed;
        exported.without_template = self.exporters.without_template;
        exported.unusable = self.exporters.unusable;
    }

    /// Ends the counting.
    #[must_use]
    pub fn into_census(self) -> Census {
        Census::new(self.intake, self.ledger).with_exported(self.exported)
    }

    /// Returns what was counted so far.
    #[must_use]
    pub fn census(&self) -> Census {
        Census::new(self.intake.clone(), self.ledger.clone()).with_exported(self.exported)
    }
}
