//! The way to an agent: passes requests and answers on, and loses or delays them where that is asked for.
//!
//! It stands in front of the real agent as the network does, so it sees datagrams and knows nothing of SNMP.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::faults::{Dice, Faults, Often};
use super::world::{World, locked};

/// The most requests that wait for an answer; more are lost, as in a full queue.
const MOST_WAITING: usize = 256;
/// How long an answer is waited for. A request with the wrong community never gets one.
const LONGEST_ANSWER: Duration = Duration::from_secs(60);
/// The largest UDP payload.
const LARGEST: usize = 65_507;

/// The way to one agent.
pub(super) struct Front {
    door: UdpSocket,
    agent: watch::Receiver<SocketAddr>,
    world: Arc<Mutex<World>>,
    lose_request: Mutex<Dice>,
    lose_reply: Mutex<Dice>,
    late_reply: Mutex<Dice>,
    late_by: Duration,
}

impl Front {
    /// Makes the way through `door` to the agent; must be called within the runtime.
    pub(super) fn new(
        door: std::net::UdpSocket,
        agent: watch::Receiver<SocketAddr>,
        world: Arc<Mutex<World>>,
        faults: &Faults,
        seed: u64,
    ) -> std::io::Result<Front> {
        door.set_nonblocking(true)?;
        let (late, late_by) = faults
            .late_replies
            .unwrap_or((Often::Never, Duration::ZERO));
        let dice = |often, salt: u64| Mutex::new(Dice::new(often, seed ^ (salt << 32)));
        Ok(Front {
            door: UdpSocket::from_std(door)?,
            agent,
            world,
            lose_request: dice(faults.lost_requests, 1),
            lose_reply: dice(faults.lost_replies, 2),
            late_reply: dice(late, 3),
            late_by,
        })
    }

    /// Passes requests on until the task is dropped.
    pub(super) async fn run(self: Arc<Self>) {
        let waiting = Arc::new(Semaphore::new(MOST_WAITING));
        let mut buffer = vec![0; LARGEST];
        loop {
            // An error here is a late ICMP message about an earlier answer; the door stays open.
            let Ok((length, asker)) = self.door.recv_from(&mut buffer).await else {
                continue;
            };
            let request = buffer.get(..length).unwrap_or_default().to_vec();
            if self.is_closed() || locked(&self.lose_request).strikes() {
                continue;
            }
            if let Ok(place) = Arc::clone(&waiting).try_acquire_owned() {
                tokio::spawn(Arc::clone(&self).relay(request, asker, place));
            }
        }
    }

    fn is_closed(&self) -> bool {
        let mut world = locked(&self.world);
        world.tick_now();
        world.is_unreachable()
    }

    async fn relay(self: Arc<Self>, request: Vec<u8>, asker: SocketAddr, _: OwnedSemaphorePermit) {
        let answer = tokio::time::timeout(LONGEST_ANSWER, self.ask(&request)).await;
        let Ok(Ok(answer)) = answer else { return };
        if self.is_closed() || locked(&self.lose_reply).strikes() {
            return;
        }
        let late = locked(&self.late_reply).strikes();
        if late {
            tokio::time::sleep(self.late_by).await;
        }
        // An asker that is gone by now does not matter.
        let _sent = self.door.send_to(&answer, asker).await;
    }

    async fn ask(&self, request: &[u8]) -> std::io::Result<Vec<u8>> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let agent = *self.agent.borrow();
        socket.connect(agent).await?;
        socket.send(request).await?;
        let mut answer = vec![0; LARGEST];
        let length = socket.recv(&mut answer).await?;
        answer.truncate(length);
        Ok(answer)
    }
}
