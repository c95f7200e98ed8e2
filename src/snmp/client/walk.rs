//! Reading a whole subtree: GETBULK with fewer rows where the agent cannot bear it, GETNEXT for v1.

use async_snmp::{UdpClient, Version};

use super::super::{ErrorStatus, Oid, SnmpError, VarBind};
use super::translate;

/// Rows asked for in one GETBULK: an answer of 25 ordinary rows stays within an Ethernet frame.
const REPETITIONS: u32 = 25;

/// Rows after which a walk is given up: more than any forwarding table has.
const MOST_ROWS: usize = 1_000_000;
/// Octets of values after which a walk is given up.
const MOST_OCTETS: usize = 64 << 20;

/// A walk in progress.
pub(super) struct Walk<'a> {
    agent: &'a str,
    client: &'a UdpClient,
    subtree: Subtree<'a>,
    /// Rows to ask for; 1 is a GETNEXT.
    repetitions: u32,
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
            subtree: Subtree::below(base),
            repetitions,
        }
    }

    /// Reads everything below the base.
    pub(super) async fn run(mut self) -> Result<Vec<VarBind>, SnmpError> {
        while let Some(answer) = self.ask().await? {
            match self.subtree.take(answer) {
                Ok(true) => {}
                Ok(false) => break,
                Err(what) => {
                    return Err(SnmpError::Nonsense {
                        agent: self.agent.to_owned(),
                        what,
                    });
                }
            }
        }
        Ok(self.subtree.rows)
    }

    /// Asks for what comes next, for fewer rows each time that they are too many. `None` is the end of a v1 agent's MIB.
    async fn ask(&mut self) -> Result<Option<Vec<VarBind>>, SnmpError> {
        loop {
            let cursor = translate::to_oid(self.subtree.cursor());
            let answer = if self.repetitions > 1 {
                self.client.get_bulk(&[cursor], 0, self.repetitions).await
            } else {
                let answer = self.client.get_next(&cursor).await;
                answer.map(|answer| answer.varbinds)
            };
            let refusal = match answer {
                Ok(bindings) => {
                    let bindings = bindings.into_iter().map(translate::from_binding);
                    return Ok(Some(bindings.collect()));
                }
                Err(error) => translate::failure(self.agent, &error, false),
            };
            match (refusal.refusal(), self.repetitions) {
                (Some(ErrorStatus::NoSuchName), 1) => return Ok(None),
                (Some(ErrorStatus::TooBig | ErrorStatus::GenErr), 2..) => self.repetitions /= 2,
                _ => return Err(refusal),
            }
        }
    }
}

/// What has been read of a subtree.
struct Subtree<'a> {
    base: &'a Oid,
    rows: Vec<VarBind>,
    most: usize,
    /// Octets that the values may still have.
    room: usize,
}

impl<'a> Subtree<'a> {
    fn below(base: &'a Oid) -> Self {
        Subtree {
            base,
            rows: Vec::new(),
            most: MOST_ROWS,
            room: MOST_OCTETS,
        }
    }

    /// The instance after which to go on.
    fn cursor(&self) -> &Oid {
        self.rows.last().map_or(self.base, |row| &row.oid)
    }

    /// Takes an answer in; returns whether the subtree goes on, or in words why that cannot be an answer.
    fn take(&mut self, answer: Vec<VarBind>) -> Result<bool, String> {
        if answer.is_empty() {
            return Err("an empty answer in the middle of a walk".to_owned());
        }
        for row in answer {
            if row.value.is_absent() || row.oid.below(self.base).is_none() {
                return Ok(false);
            }
            if row.oid <= *self.cursor() {
                let last = self.cursor();
                return Err(format!("{} after {last}, where OIDs must ascend", row.oid));
            }
            if self.rows.len() >= self.most {
                return Err(format!("more than {} rows below {}", self.most, self.base));
            }
            let octets = row.value.as_octets().map_or(0, <[u8]>::len);
            let Some(room) = self.room.checked_sub(octets) else {
                return Err(format!(
                    "more than {MOST_OCTETS} octets below {}",
                    self.base
                ));
            };
            self.room = room;
            self.rows.push(row);
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snmp::Value;

    fn rows(oids: &[&[u32]]) -> Vec<VarBind> {
        let row = |oid: &&[u32]| VarBind {
            oid: Oid::from(*oid),
            value: Value::Integer(1),
        };
        oids.iter().map(row).collect()
    }

    #[test]
    fn a_subtree_ends_with_the_first_row_outside_it() {
        let base = Oid::from([1, 3, 1]);
        let mut subtree = Subtree::below(&base);
        assert_eq!(
            subtree.take(rows(&[&[1, 3, 1, 1], &[1, 3, 1, 2]])),
            Ok(true)
        );
        assert_eq!(subtree.cursor(), &Oid::from([1, 3, 1, 2]));
        let last = rows(&[&[1, 3, 1, 2, 1], &[1, 3, 2, 1], &[1, 3, 1, 9]]);
        assert_eq!(subtree.take(last), Ok(false));
        assert_eq!(subtree.rows.len(), 3);
    }

    #[test]
    fn the_end_of_the_mib_ends_a_subtree() {
        let base = Oid::from([1, 3, 1]);
        let end = VarBind {
            oid: Oid::from([1, 3, 1, 7]),
            value: Value::EndOfMibView,
        };
        assert_eq!(Subtree::below(&base).take(vec![end]), Ok(false));
    }

    #[test]
    fn an_agent_that_walks_in_a_circle_or_answers_nothing_is_stopped() {
        let base = Oid::from([1, 3, 1]);
        let mut subtree = Subtree::below(&base);
        for answer in [
            rows(&[]),
            rows(&[&[1, 3, 1]]),
            rows(&[&[1, 3, 1, 2], &[1, 3, 1, 2]]),
            rows(&[&[1, 3, 1, 1]]),
        ] {
            let outcome = subtree.take(answer.clone());
            assert!(outcome.is_err(), "{answer:?}");
        }
    }

    #[test]
    fn values_that_would_fill_the_memory_are_given_up() {
        let base = Oid::from([1, 3, 1]);
        let mut subtree = Subtree {
            room: 100,
            ..Subtree::below(&base)
        };
        let row = |number: u32, octets: usize| VarBind {
            oid: Oid::from([1, 3, 1, number]),
            value: Value::Octets(vec![0; octets]),
        };
        assert_eq!(subtree.take(vec![row(1, 60), row(2, 40)]), Ok(true));
        assert!(subtree.take(vec![row(3, 1)]).is_err());
    }

    #[test]
    fn an_endless_table_is_given_up() {
        let base = Oid::from([1, 3, 1]);
        let mut subtree = Subtree {
            most: 2,
            ..Subtree::below(&base)
        };
        assert_eq!(
            subtree.take(rows(&[&[1, 3, 1, 1], &[1, 3, 1, 2]])),
            Ok(true)
        );
        let error = subtree.take(rows(&[&[1, 3, 1, 3]])).unwrap_err();
        assert_eq!(error, "more than 2 rows below 1.3.1");
    }
}
