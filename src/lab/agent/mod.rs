//! The SNMP agents of the switch and of the router: what they show, who may write, and how a write is carried out.
//!
//! Everything is under one handler, because what follows an object in a walk may belong to any part.

use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use async_snmp::handler::{
    BoxFuture, GetNextResult, GetResult, HandlerResult, MibHandler, PreparedSet, RequestContext,
    SetCommitError, SetCommitResult, SetTestError, SetTestResult, SetUndoResult,
};
use async_snmp::{Oid, Value, VarBind};

use super::control::{self, Access, Arcs, Control};
use super::world::{World, locked};

mod forwarding;
mod router;
mod server;
mod sheet;
mod switch;

pub(super) use router::router_mib;
pub(super) use server::{AgentError, Server};
pub(super) use switch::switch_mib;

/// A part of what an agent shows.
pub(super) trait Branch: Send + Sync {
    /// Returns the value of an instance.
    fn get(&self, world: &World, oid: &[u32]) -> Option<Value>;

    /// Tells whether the OID is of an object that is known here, whether or not the instance exists.
    fn knows(&self, world: &World, oid: &[u32]) -> bool;

    /// Returns the first instance after an OID.
    fn next(&self, world: &World, after: &[u32]) -> Option<(Arcs, Value)>;
}

/// What one agent shows and lets be written.
pub(super) struct Mib {
    world: Arc<Mutex<World>>,
    branches: Vec<Box<dyn Branch>>,
    /// The request that is being tried; the agent tries one at a time.
    draft: Mutex<Weak<Mutex<Draft>>>,
    /// How long a write's answer takes.
    answers_after: Duration,
}

/// The mirror objects as they will be if the request is accepted.
struct Draft {
    control: Box<dyn Control>,
    bindings: usize,
    committed: usize,
}

impl Mib {
    fn new(world: Arc<Mutex<World>>, branches: Vec<Box<dyn Branch>>) -> Self {
        Mib {
            world,
            branches,
            draft: Mutex::new(Weak::new()),
            answers_after: Duration::ZERO,
        }
    }

    fn lookup(&self, oid: &[u32]) -> GetResult {
        let mut world = locked(&self.world);
        world.tick_now();
        let value = self.branches.iter().find_map(|part| part.get(&world, oid));
        match value {
            Some(value) => GetResult::Value(value),
            None if self.branches.iter().any(|part| part.knows(&world, oid)) => {
                GetResult::NoSuchInstance
            }
            None => GetResult::NoSuchObject,
        }
    }

    fn after(&self, oid: &[u32]) -> GetNextResult {
        let mut world = locked(&self.world);
        world.tick_now();
        let candidates = self.branches.iter();
        let next = candidates
            .filter_map(|part| part.next(&world, oid))
            .min_by(|(a, _), (b, _)| a.cmp(b));
        match next {
            Some((oid, value)) => GetNextResult::Value(VarBind::new(Oid::from_slice(&oid), value)),
            None => GetNextResult::EndOfMibView,
        }
    }

    fn test(&self, oid: &[u32], value: &Value) -> Result<PreparedWrite, SetTestError> {
        let mut world = locked(&self.world);
        world.tick_now();
        let draft = self.open_draft(&world);
        let mut open = locked(&draft);
        let tested = control::write(&mut *open.control, &world.hardware, oid, value);
        world.note_attempt(oid, tested.is_ok());
        tested?;
        open.bindings += 1;
        drop(open);
        Ok(PreparedWrite {
            world: Arc::clone(&self.world),
            draft,
            answers_after: self.answers_after,
        })
    }

    /// Returns the draft of the present request. It lives as long as the request's bindings, so one that is still
    /// there belongs to this request.
    fn open_draft(&self, world: &World) -> Arc<Mutex<Draft>> {
        let mut current = locked(&self.draft);
        current.upgrade().unwrap_or_else(|| {
            let draft = Arc::new(Mutex::new(Draft {
                control: world.control().copy(),
                bindings: 0,
                committed: 0,
            }));
            *current = Arc::downgrade(&draft);
            draft
        })
    }
}

impl MibHandler for Mib {
    fn get<'a>(
        &'a self,
        _: &'a RequestContext,
        oid: &'a Oid,
    ) -> BoxFuture<'a, HandlerResult<GetResult>> {
        Box::pin(async move { Ok(self.lookup(oid.arcs())) })
    }

    fn get_next<'a>(
        &'a self,
        _: &'a RequestContext,
        oid: &'a Oid,
    ) -> BoxFuture<'a, HandlerResult<GetNextResult>> {
        Box::pin(async move { Ok(self.after(oid.arcs())) })
    }

    fn test_set<'a>(
        &'a self,
        _: &'a RequestContext,
        oid: &'a Oid,
        value: &'a Value,
    ) -> BoxFuture<'a, SetTestResult> {
        Box::pin(async move {
            let prepared = self.test(oid.arcs(), value)?;
            Ok(Box::new(prepared) as Box<dyn PreparedSet>)
        })
    }
}

/// One accepted binding of a request.
struct PreparedWrite {
    world: Arc<Mutex<World>>,
    draft: Arc<Mutex<Draft>>,
    answers_after: Duration,
}

impl PreparedWrite {
    /// Commits this binding; the last one carries out the request. Returns whether it was the last.
    fn commit_one(&self, oid: &[u32]) -> Result<bool, SetCommitError> {
        let mut draft = locked(&self.draft);
        if !draft.control.is_complete(oid) {
            return Err(SetCommitError::Failed);
        }
        draft.committed += 1;
        if draft.committed < draft.bindings {
            return Ok(false);
        }
        let mut world = locked(&self.world);
        let now = world.tick_now();
        world.commit(draft.control.copy(), now);
        Ok(true)
    }
}

impl PreparedSet for PreparedWrite {
    fn commit<'a>(
        &'a mut self,
        _: &'a RequestContext,
        oid: &'a Oid,
        _: &'a Value,
    ) -> BoxFuture<'a, SetCommitResult> {
        Box::pin(async move {
            if self.commit_one(oid.arcs())? {
                tokio::time::sleep(self.answers_after).await;
            }
            Ok(())
        })
    }

    /// Nothing has been done yet where a commit fails: only the last binding does anything, and it cannot fail then.
    fn undo<'a>(
        &'a mut self,
        _: &'a RequestContext,
        _: &'a Oid,
        _: &'a Value,
    ) -> BoxFuture<'a, SetUndoResult> {
        Box::pin(async { Ok(()) })
    }
}

/// The mirror objects.
struct Mirror;

impl Branch for Mirror {
    fn get(&self, world: &World, oid: &[u32]) -> Option<Value> {
        world.mirror_objects().get(oid).cloned()
    }

    fn knows(&self, world: &World, oid: &[u32]) -> bool {
        world.control().access(oid) != Access::Unknown
    }

    fn next(&self, world: &World, after: &[u32]) -> Option<(Arcs, Value)> {
        sheet::first_after(world.mirror_objects(), after)
    }
}
