//! The bytes under the journal. Where a test says so they fail as a disk does.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

#[cfg(test)]
pub(super) use faults::{Fault, Faults};

/// A file that is read and written at places.
pub(super) struct Medium {
    pub(super) file: File,
    #[cfg(test)]
    pub(super) faults: Faults,
}

impl Medium {
    /// Opens a file for its owner alone, and makes it where it is not there.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut how = File::options();
        how.create(true).truncate(false);
        Self::with(&mut how, path)
    }

    /// Makes an empty one.
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        Self::with(File::options().create(true).truncate(true), path)
    }

    /// Makes an empty one on the same disk.
    pub(super) fn sibling(&self, path: &Path) -> io::Result<Self> {
        Ok(Self {
            #[cfg(test)]
            faults: self.faults.clone(),
            ..Self::new(path)?
        })
    }

    fn with(how: &mut std::fs::OpenOptions, path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: how.read(true).write(true).mode(0o600).open(path)?,
            #[cfg(test)]
            faults: Faults::default(),
        })
    }

    pub(super) fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        #[cfg(test)]
        if let Some(error) = self.faults.hit(Fault::Write) {
            // As much as there was room for.
            self.file.write_all_at(&bytes[..bytes.len() / 2], at)?;
            return Err(error);
        }
        self.file.write_all_at(bytes, at)
    }

    pub(super) fn read_at(&self, into: &mut [u8], at: u64) -> io::Result<()> {
        self.file.read_exact_at(into, at)
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        #[cfg(test)]
        if let Some(error) = self.faults.hit(Fault::Sync) {
            return Err(error);
        }
        self.file.sync_data()
    }

    pub(super) fn cut(&self, length: u64) -> io::Result<()> {
        #[cfg(test)]
        if let Some(error) = self.faults.hit(Fault::Cut) {
            return Err(error);
        }
        self.file.set_len(length)
    }
}

/// What a name stands for is on disk when this returns.
pub(super) fn sync_folder(of: &Path) -> io::Result<()> {
    let folder = of
        .parent()
        .ok_or_else(|| io::Error::other("a file without a folder"))?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod faults {
    use std::io;
    use std::sync::{Arc, Mutex};

    use rustix::io::Errno;

    /// What fails.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(in crate::journal) enum Fault {
        Write,
        Sync,
        Cut,
    }

    /// What a disk does, for as long as a test says.
    #[derive(Clone, Default)]
    pub(in crate::journal) struct Faults(Arc<Mutex<Vec<(Fault, Errno)>>>);

    impl Faults {
        /// From here on this fails so.
        pub(in crate::journal) fn begin(&self, fault: Fault, errno: Errno) {
            self.0.lock().expect("no panic").push((fault, errno));
        }

        /// From here on nothing fails.
        pub(in crate::journal) fn end(&self) {
            self.0.lock().expect("no panic").clear();
        }

        pub(super) fn hit(&self, what: Fault) -> Option<io::Error> {
            let faults = self.0.lock().expect("no panic");
            let (_, errno) = faults.iter().find(|(fault, _)| *fault == what)?;
            Some((*errno).into())
        }
    }
}
