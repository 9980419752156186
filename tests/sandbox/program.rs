//! The program as a user meets it: arguments in, exit code and two texts out.

use std::process::{Command, Stdio};

use crate::System;
use crate::system::{binary, get};

/// How a run of the program ended.
pub struct Ran {
    /// The exit code of the program.
    pub code: i32,
    /// What it wrote on standard output.
    pub out: String,
    /// What it wrote on standard error.
    pub err: String,
}

/// Runs the program by itself, with variables of the environment.
///
/// # Panics
/// When it does not start, is ended by a signal, or writes something else than text.
pub fn medvirk(arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let output = Command::new(binary())
        .args(arguments)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Ran {
        code: output.status.code().expect("it ends by itself"),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

impl Ran {
    /// What it wrote, if it ended with this code.
    ///
    /// # Panics
    /// When it ended with another.
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self
    }
}

impl System {
    /// Runs a client command against this system, whatever comes of it.
    pub fn try_run(&self, arguments: &[&str]) -> Ran {
        let data = self.data();
        let data = data.to_str().expect("a plain path");
        medvirk(&[arguments, &["--data", data]].concat(), &[])
    }

    /// GET on the admin listener: status and body.
    pub async fn health(&self, path: &str) -> (u16, String) {
        let addresses = self.addresses().expect("it is running");
        let address = addresses["admin"].as_str().expect("an address");
        get(address, path, None)
            .await
            .expect("the admin listener answers")
    }
}
