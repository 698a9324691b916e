//! Sessions from their beginning to their end: statuses, branches, settings, repositories of every kind.
