//! The suspect's NetBIOS name service: answers node status requests, and is seen on the switch doing so.

use std::net::SocketAddr;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;

use crate::mac::Mac;
use crate::wire::netbios::{Name, build_status_response, parse_status_request};

use super::plane::Command;
use super::world::{World, locked};

/// What the suspect calls itself.
pub(super) const NAME: &str = "RECEPTION-PC";
/// Its workgroup.
pub(super) const GROUP: &str = "WORKGROUP";
/// Who is logged on.
pub(super) const USER: &str = "FRONTDESK";
/// Services, by the sixteenth octet of a name.
const WORKSTATION: u8 = 0x00;
const MESSENGER: u8 = 0x03;
const FILE_SERVER: u8 = 0x20;

/// The name service.
pub(super) struct NameService {
    pub(super) socket: UdpSocket,
    pub(super) mac: Mac,
    pub(super) world: Arc<Mutex<World>>,
    pub(super) plane: Sender<Command>,
}

impl NameService {
    /// Answers until the task is dropped.
    pub(super) async fn run(self) {
        let mut buffer = [0; 576];
        loop {
            // An error here is a late ICMP message about an earlier answer.
            let Ok((length, asker)) = self.socket.recv_from(&mut buffer).await else {
                continue;
            };
            let question = buffer.get(..length).unwrap_or_default();
            self.answer(question, asker).await;
        }
    }

    async fn answer(&self, question: &[u8], asker: SocketAddr) {
        let Ok(transaction) = parse_status_request(question) else {
            return;
        };
        if locked(&self.world).is_unreachable() {
            return;
        }
        let names = [
            Name::new(NAME, WORKSTATION, false),
            Name::new(GROUP, WORKSTATION, true),
            Name::new(NAME, FILE_SERVER, false),
            Name::new(USER, MESSENGER, false),
        ];
        let answer = build_status_response(transaction, &names, self.mac);
        // The socket is an IPv4 one, so every asker is. The plane ends before this service only when the lab stops.
        if let SocketAddr::V4(asker) = asker {
            let _told = self.plane.send(Command::Asked {
                asker,
                question: question.to_vec(),
                answer: answer.clone(),
            });
        }
        // An asker that is gone by now does not matter.
        let _sent = self.socket.send_to(&answer, asker).await;
    }
}
