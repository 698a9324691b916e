//! Temporary: one room alone while the others are rebuilt.
mod it {
    mod claude;
}
