//! Files for registry teams. Not built yet: this crate holds its place in the workspace.
