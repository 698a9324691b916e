//! The real Claude Code, offline against the scripted model.
