//! Empties every capability set: root without capabilities is an owner like any other.

use rustix::io::Errno;
use rustix::thread::{self, CapabilitySet, CapabilitySets};

/// Empties the bounding, ambient, inheritable, permitted and effective sets, and looks whether they are empty.
///
/// A process that may not change its bounding set keeps it; `no_new_privs`, which must be on, makes it worthless.
pub(super) fn empty() -> rustix::io::Result<()> {
    for bit in 0..u64::BITS {
        let capability = CapabilitySet::from_bits_retain(1 << bit);
        match thread::remove_capability_from_bounding_set(capability) {
            // The kernel does not know this one, or we may not: see above.
            Ok(()) | Err(Errno::INVAL | Errno::PERM) => {}
            Err(error) => return Err(error),
        }
    }
    thread::clear_ambient_capability_set()?;
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    thread::set_capabilities(None, none)?;
    if thread::capabilities(None)? == none && thread::no_new_privs()? {
        Ok(())
    } else {
        Err(Errno::PERM)
    }
}
