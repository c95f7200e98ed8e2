//! The only place, with `cli`, that prints: text, JSON, the front panel.
//!
//! Functions here return text; `cli` decides where it goes. Text is styled with ANSI sequences, which the stream
//! takes out again where colour is not wanted; no meaning rests on colour alone.

pub use amount::reading;
pub use anomalies::{FindingRow, anomalies};
pub use explain::{ExplainDocument, explain};
pub use failure::{FailureReport, failure, warning};
pub use flows::{FlowOrder, FlowRank, FlowsDocument, flows};
pub use html::html;
pub use identity::{IdentityDocument, identity};
pub use json::{json_line, write_json};
pub use locate::locate;
pub use owner::{FindDocument, WatchDocument, found, watched};
pub use patch::{patch_problems, patch_table};
pub use patch_import::{ImportDocument, ImportSource, patch_import};
pub use presence::{PresenceDocument, presence, presence_line};
pub use profile::{ProfileRow, profile_list, profile_markdown, profile_trial};
pub use progress::Progress;
pub use replay::{ReplayDocument, replay};
pub use restore::{RestoreRow, restore};
pub use switch::{CheckRow, Finding, PortRow, SwitchRow, switch_check, switch_list, switch_ports};
pub use talkers::{TalkersDocument, TalkersTable, TalkersView, talkers};
pub use talkers_page::talkers_page;

mod amount;
mod anomalies;
mod explain;
mod failure;
mod flows;
mod html;
mod identity;
mod json;
mod locate;
mod owner;
mod patch;
mod patch_import;
mod presence;
mod profile;
mod progress;
mod replay;
mod restore;
mod style;
mod switch;
mod table;
mod talkers;
mod talkers_page;
mod text;
