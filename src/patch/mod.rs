//! From switch port to patch panel to wall outlet.
