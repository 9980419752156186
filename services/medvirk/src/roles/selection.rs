//! Which of the roles run in a process.

/// Which roles a process runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RoleSelection {
    pub(crate) ingest: bool,
    pub(crate) aggregate: bool,
    pub(crate) registrar: bool,
    pub(crate) report: bool,
    pub(crate) extract: bool,
}

impl RoleSelection {
    const NONE: Self = Self {
        ingest: false,
        aggregate: false,
        registrar: false,
        report: false,
        extract: false,
    };
    pub(crate) const INGEST: Self = Self {
        ingest: true,
        ..Self::NONE
    };
    pub(crate) const AGGREGATE: Self = Self {
        aggregate: true,
        ..Self::NONE
    };
    pub(crate) const REGISTRAR: Self = Self {
        registrar: true,
        ..Self::NONE
    };
    pub(crate) const REPORT: Self = Self {
        report: true,
        ..Self::NONE
    };
    pub(crate) const EXTRACT: Self = Self {
        extract: true,
        ..Self::NONE
    };
    pub(crate) const ALL: Self = Self {
        ingest: true,
        aggregate: true,
        registrar: true,
        report: true,
        extract: true,
    };
}
