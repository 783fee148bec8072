//! Watches the data that the binary carries, so that a changed requirement is built in.

fn main() {
    for folder in ["../../catalog", "../../testbed/matrix.snap"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
