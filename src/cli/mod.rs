//! One file a command: flags to a call; no logic.
