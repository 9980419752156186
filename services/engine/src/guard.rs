//! A write that fails ends the process.
//!
//! The library goes on when a `write` to one of its files fails, as on a full disk: an insert whose
//! files are empty is acknowledged, and a merge puts an empty part in the place of good ones. So
//! this program has the functions that write files itself; an executable's symbols come before
//! those of the C library, also for a library that is loaded later. Comes in: what the library
//! writes. Goes out: the same, by the system call. Kept: once armed, nothing that rests on a
//! failed write or sync is ever renamed into its place, because the process ends at once; at the
//! next start the library throws away what was not finished.

#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use libc::{c_long, iovec, off_t, size_t, ssize_t};

/// The code of an end that may go well another time.
const TEMPORARY: c_int = 75;

/// True once the library is loaded. A static, because the functions below are the C library's to
/// everybody in the process.
static ARMED: AtomicBool = AtomicBool::new(false);

/// From now on failed writes end the process. `false` where the library's calls would not come
/// here, which depends on how the program was linked.
pub(crate) fn arm() -> bool {
    ARMED.store(true, Ordering::Relaxed);
    // SAFETY: looking a name up touches nothing.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"write".as_ptr()) };
    found == write as *mut c_void
}

/// Defines a function of the C library by its system call.
macro_rules! guarded {
    ($($name:ident = $number:ident($($argument:ident: $kind:ty),*) -> $done:ty;)*) => {$(
        // SAFETY: the signature and the meaning are those of the C library's own function.
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name(fd: c_int, $($argument: $kind),*) -> $done {
            // SAFETY: the caller's arguments are passed on as they are.
            let done = unsafe { libc::syscall(libc::$number, fd, $($argument),*) };
            look_at(fd, done) as $done
        }
    )*};
}

guarded! {
    write = SYS_write(bytes: *const c_void, count: size_t) -> ssize_t;
    pwrite = SYS_pwrite64(bytes: *const c_void, count: size_t, at: off_t) -> ssize_t;
    pwrite64 = SYS_pwrite64(bytes: *const c_void, count: size_t, at: off_t) -> ssize_t;
    writev = SYS_writev(pieces: *const iovec, count: c_int) -> ssize_t;
    fsync = SYS_fsync() -> c_int;
    fdatasync = SYS_fdatasync() -> c_int;
}

fn look_at(fd: c_int, done: c_long) -> c_long {
    if done < 0 && ARMED.load(Ordering::Relaxed) {
        end_if_lost(fd);
    }
    done
}

/// Errors of sockets and of full pipes are told to the caller; what is lost on a disk is not.
#[cold]
fn end_if_lost(fd: c_int) {
    let error = io::Error::last_os_error();
    let code = error.raw_os_error().unwrap_or(0);
    let lost = [
        libc::ENOSPC,
        libc::EDQUOT,
        libc::EIO,
        libc::EFBIG,
        libc::EROFS,
    ];
    if lost.contains(&code) && fd > libc::STDERR_FILENO && !is_status(fd) {
        eprintln!(
            "medvirk: the engine cannot write its data: {error}; it ends, and nothing is lost"
        );
        // SAFETY: ends the process; nothing of it runs any more, and that is the purpose.
        unsafe { libc::_exit(TEMPORARY) };
    }
    // SAFETY: the address is this thread's own error number, which the lines above may have
    // changed.
    unsafe { *libc::__errno_location() = code };
}

/// The file that says since when the engine runs may be empty: readers go on on a full disk.
fn is_status(fd: c_int) -> bool {
    let name = std::fs::read_link(format!("/proc/self/fd/{fd}"));
    name.is_ok_and(|name| name.ends_with("clickhouse/status"))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    /// Tells the test that it is the process that is to end.
    const VICTIM: &str = "MEDVIRK_GUARD_VICTIM";

    #[test]
    fn a_write_that_fails_ends_the_process_and_one_that_goes_well_does_not() {
        if std::env::var_os(VICTIM).is_some() {
            assert!(super::arm(), "calls come here");
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(b"there is room").unwrap();
            file.sync_all().unwrap();
            let mut full = std::fs::File::options()
                .write(true)
                .open("/dev/full")
                .unwrap();
            full.write_all(b"there is none").unwrap();
            unreachable!("it has ended");
        }
        let name =
            "guard::tests::a_write_that_fails_ends_the_process_and_one_that_goes_well_does_not";
        let mut victim = Command::new(std::env::current_exe().unwrap());
        victim.args(["--exact", name]).env(VICTIM, "1");
        let ended = victim.stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert_eq!(ended.unwrap().code(), Some(super::TEMPORARY));
    }
}
