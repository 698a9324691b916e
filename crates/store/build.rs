//! Builds the crate again when a migration is added; the compiler sees only the ones that it knows.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
