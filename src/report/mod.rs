//! The only place, with `cli`, that prints: text, JSON, the front panel.
