//! What the kernel told about processes that may be gone by now.

use std::collections::{BTreeMap, VecDeque};

use super::lineage::Gone;
use super::trace_line::Event;

/// How many processes are remembered.
const MAX_PAST: usize = 1 << 16;

/// A process, as it was told.
#[derive(Clone, Debug, Default)]
struct Past {
    parent: Option<i32>,
    name: Option<String>,
    path: Option<String>,
}

/// Processes that began since the watch did.
#[derive(Debug, Default)]
pub(super) struct History {
    past: BTreeMap<i32, Past>,
    /// In the order in which they were first told.
    order: VecDeque<i32>,
}

impl History {
    /// Remembers what an event tells about processes.
    pub(super) fn note(&mut self, event: &Event) {
        match event {
            Event::Fork {
                parent,
                name,
                child,
            } => {
                self.entry(*parent).name = Some(name.clone());
                let path = self.past.get(parent).and_then(|past| past.path.clone());
                // Numbers are used again: what was known of an earlier process is over.
                *self.entry(*child) = Past {
                    parent: Some(*parent),
                    name: Some(name.clone()),
                    path,
                };
            }
            Event::Exec { pid, path } => self.entry(*pid).path = Some(path.clone()),
            Event::Connect(connect) => {
                self.entry(connect.thread).name = Some(connect.name.clone());
            }
            Event::Lost(_) => {}
        }
    }

    fn entry(&mut self, pid: i32) -> &mut Past {
        if !self.past.contains_key(&pid) {
            self.order.push_back(pid);
            if self.order.len() > MAX_PAST
                && let Some(oldest) = self.order.pop_front()
            {
                self.past.remove(&oldest);
            }
        }
        self.past.entry(pid).or_default()
    }

    /// Returns who began a process, if that was told.
    pub(super) fn parent(&self, pid: i32) -> Option<i32> {
        self.past.get(&pid)?.parent
    }

    /// Returns what was told about a process.
    pub(super) fn gone(&self, pid: i32) -> Gone {
        let past = self.past.get(&pid);
        Gone {
            pid,
            name: past.and_then(|past| past.name.clone()),
            path: past.and_then(|past| past.path.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fork(parent: i32, child: i32) -> Event {
        Event::Fork {
            parent,
            name: format!("n{parent}"),
            child,
        }
    }

    #[test]
    fn a_process_that_is_gone_keeps_its_program_and_its_parent() {
        let mut history = History::default();
        history.note(&fork(10, 11));
        let path = "/usr/bin/curl".to_owned();
        history.note(&Event::Exec { pid: 11, path });
        history.note(&fork(11, 12));
        assert_eq!(history.parent(12), Some(11));
        assert_eq!(history.gone(12).path.as_deref(), Some("/usr/bin/curl"));
        history.note(&fork(20, 11));
        assert_eq!(history.parent(11), Some(20));
        assert_eq!(history.gone(11).path, None);
    }

    #[test]
    fn memory_is_bounded() {
        let mut history = History::default();
        let most = i32::try_from(MAX_PAST).unwrap();
        for pid in 1..most + 100 {
            history.note(&fork(pid, pid + 1));
        }
        assert_eq!(history.past.len(), MAX_PAST);
        assert_eq!(history.order.len(), MAX_PAST);
        assert_eq!(history.parent(2), None);
    }
}
