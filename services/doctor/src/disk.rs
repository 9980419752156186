//! The room on the disk of the data folder. Comes in: the folder. Goes out: a check. The invariant:
//! a disk that does not say how full it is, is told as such.

use std::path::Path;

use crate::check::DoctorCheck;

/// With less room than this on the disk of the data folder, it is time to act: in bytes,
const LEAST_ROOM: u64 = 1 << 30;
/// and in hundredths of the disk.
const LEAST_SHARE: u64 = 5;

/// How much room there is for the data folder.
pub(crate) fn check(data: &Path) -> DoctorCheck {
    let mut check = DoctorCheck::new("disk");
    match rustix::fs::statvfs(data) {
        Ok(told) => {
            let free = told.f_bavail.saturating_mul(told.f_frsize);
            let all = told.f_blocks.saturating_mul(told.f_frsize);
            room(free, all, &mut check);
        }
        Err(error) => check.not_seen(
            format!("the disk of the data folder does not say: {error}"),
            "look at the disk",
        ),
    }
    check
}

fn room(free: u64, all: u64, check: &mut DoctorCheck) {
    let mebibytes = free >> 20;
    check.compared = format!("room on the disk of the data folder: {mebibytes} MiB are free");
    if free < LEAST_ROOM || free / LEAST_SHARE < all / 100 {
        check.differs(
            format!("only {mebibytes} MiB of {} MiB are free", all >> 20),
            "make room: a full disk refuses submissions, and loses none that were acknowledged",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::DoctorVerdict;

    #[test]
    fn a_disk_that_is_nearly_full_is_found() {
        let verdict = |free, all| {
            let mut check = DoctorCheck::new("disk");
            room(free, all, &mut check);
            check.verdict
        };
        assert_eq!(verdict(50 << 30, 100 << 30), DoctorVerdict::Agrees);
        assert_eq!(verdict(4 << 30, 100 << 30), DoctorVerdict::Differs);
        assert_eq!(verdict(900 << 20, 2 << 30), DoctorVerdict::Differs);
    }

    #[test]
    fn a_folder_that_is_not_there_says_so() {
        assert_eq!(
            check(Path::new("/no/such/folder")).verdict,
            DoctorVerdict::NotSeen
        );
    }
}
