//! What a crash costs: nothing.
