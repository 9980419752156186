//! Builds the crate anew when the web page was built anew, which is embedded in it.

fn main() {
    println!("cargo:rerun-if-changed=web/dist");
}
