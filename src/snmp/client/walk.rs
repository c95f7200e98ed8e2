//! Reading a whole subtree: GETBULK with fewer rows where the agent cannot bear it, GETNEXT for v1.

use async_snmp as lib;
use async_snmp::{UdpClient, Version};

use super::super::{ErrorStatus, Oid, SnmpError, VarBind};
use super::translate;

/// Rows asked for in one GETBULK: an answer of 25 ordinary rows stays within an Ethernet frame.
const REPETITIONS: u32 = 25;

/// Bindings after which a walk is given up: 32 times the largest forwarding table of an access switch, and about
/// 100 MB.
const MOST_BINDINGS: usize = 1_000_000;

/// A walk in progress.
pub(super) struct Walk<'a> {
    agent: &'a str,
    client: &'a UdpClient,
    base: &'a Oid,
    /// Rows to ask for; 1 is a GETNEXT.
    repetitions: u32,
    rows: Vec<VarBind>,
}

impl<'a> Walk<'a> {
    /// Prepares the walk; nothing is sent yet.
    pub(super) fn new(agent: &'a str, client: &'a UdpClient, base: &'a Oid) -> Self {
        // GETBULK came with v2c.
        let repetitions = if client.version() == Version::V1 {
            1
        } else {
            REPETITIONS
        };
        Walk {
            agent,
            client,
            base,
            repetitions,
            rows: Vec::new(),
        }
    }

    /// Reads everything below the base.
    pub(super) async fn run(mut self) -> Result<Vec<VarBind>, SnmpError> {
        while let Some(answer) = self.ask().await? {
            if answer.is_empty() {
                return Err(self.nonsense("an empty answer in the middle of a walk".to_owned()));
            }
            for binding in answer {
                if binding.value.is_absent() || binding.oid.below(self.base).is_none() {
                    return Ok(self.rows);
                }
                self.take(binding)?;
            }
        }
        Ok(self.rows)
    }

    /// Asks for what comes next, for fewer rows each time that they are too many. `None` is the end of a v1 agent's MIB.
    async fn ask(&mut self) -> Result<Option<Vec<VarBind>>, SnmpError> {
        loop {
            let cursor = translate::to_oid(self.rows.last().map_or(self.base, |row| &row.oid));
            let answer = if self.repetitions > 1 {
                self.client.get_bulk(&[cursor], 0, self.repetitions).await
            } else {
                self.client
                    .get_next(&cursor)
                    .await
                    .map(|answer| answer.varbinds)
            };
            let refusal = match answer {
                Ok(bindings) => {
                    return Ok(Some(
                        bindings.into_iter().map(translate::from_binding).collect(),
                    ));
                }
                Err(error) => self.failure(&error),
            };
            match (refusal.refusal(), self.repetitions) {
                (Some(ErrorStatus::NoSuchName), 1) => return Ok(None),
                (Some(ErrorStatus::TooBig | ErrorStatus::GenErr), 2..) => self.repetitions /= 2,
                _ => return Err(refusal),
            }
        }
    }

    /// Keeps a row, if it may be one.
    fn take(&mut self, row: VarBind) -> Result<(), SnmpError> {
        let last = self.rows.last().map_or(self.base, |row| &row.oid);
        if row.oid <= *last {
            let what = format!("{} after {last} in a walk, where OIDs must ascend", row.oid);
            return Err(self.nonsense(what));
        }
        if self.rows.len() >= MOST_BINDINGS {
            let what = format!("more than {MOST_BINDINGS} rows below {}", self.base);
            return Err(self.nonsense(what));
        }
        self.rows.push(row);
        Ok(())
    }

    fn failure(&self, error: &lib::Error) -> SnmpError {
        translate::failure(self.agent, error, false)
    }

    fn nonsense(&self, what: String) -> SnmpError {
        SnmpError::Nonsense {
            agent: self.agent.to_owned(),
            what,
        }
    }
}
