//! The state of stable prefixes, kept on disk from run to run.
//!
//! One file a prefix, named by the model, the tokens and the version of this format, so that a file never
//! has to be changed: it is written aside and moved into place. What does not check out is not used.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use sha2::{Digest as _, Sha256};

use crate::{cache::KvCache, gguf::Gguf};

const MAGIC: &[u8; 8] = b"LAVRKV\x00\x01";
const EXTENSION: &str = "kv";
const CHECKSUM: usize = 32;
/// Pieces of the weights that go into a model's key.
const PIECES: usize = 64;

/// Identifies a model file: its header, its size, and pieces of its weights.
pub(crate) fn model_key(file: &Gguf) -> [u8; 32] {
    let bytes = file.map().bytes();
    let mut hash = Sha256::new();
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(file.header());
    for piece in 0..PIECES {
        let start = bytes.len() / PIECES * piece;
        hash.update(&bytes[start..(start + 4096).min(bytes.len())]);
    }
    hash.finalize().into()
}

/// Snapshots of one model in a directory.
#[derive(Debug)]
pub(crate) struct Snapshots {
    directory: PathBuf,
    most_bytes: u64,
    model: [u8; 32],
}

impl Snapshots {
    pub(crate) fn new(directory: PathBuf, most_bytes: u64, model: [u8; 32]) -> Self {
        Self { directory, most_bytes, model }
    }

    fn path(&self, tokens: &[u32]) -> PathBuf {
        let mut hash = Sha256::new();
        hash.update(MAGIC);
        hash.update(self.model);
        for token in tokens {
            hash.update(token.to_le_bytes());
        }
        let digest: [u8; 32] = hash.finalize().into();
        let name = digest[..16].iter().fold(0_u128, |name, byte| name << 8 | u128::from(*byte));
        self.directory.join(format!("{name:032x}")).with_extension(EXTENSION)
    }

    /// Fills the cache with the state after these tokens, where it is known.
    pub(crate) fn load(&self, tokens: &[u32], cache: &mut KvCache) -> bool {
        let path = self.path(tokens);
        match self.read(&path, tokens, cache) {
            Ok(()) => {
                // The time of last use decides what goes first; without it only the order suffers.
                let _ = fs::File::options()
                    .append(true)
                    .open(&path)
                    .and_then(|file| file.set_modified(SystemTime::now()));
                true
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "a snapshot of a prefix is not usable and is left aside");
                false
            }
        }
    }

    fn read(&self, path: &Path, tokens: &[u32], cache: &mut KvCache) -> io::Result<()> {
        let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let head = self.head(tokens);
        let payload = tokens.len() * cache.bytes_per_token();
        let expected = head.len() + payload + CHECKSUM;
        // The size first: nothing is read by a length that a file claims.
        if fs::metadata(path)?.len() != expected as u64 {
            return Err(wrong("it has the wrong size"));
        }
        let bytes = fs::read(path)?;
        if bytes.len() != expected || bytes[..head.len()] != head {
            return Err(wrong("it belongs to another model or prefix"));
        }
        let (body, checksum) = bytes.split_at(head.len() + payload);
        if Sha256::digest(body).as_slice() != checksum {
            return Err(wrong("its checksum is wrong"));
        }
        cache.import(tokens.len(), &body[head.len()..]);
        Ok(())
    }

    fn head(&self, tokens: &[u32]) -> Vec<u8> {
        let mut head = MAGIC.to_vec();
        head.extend_from_slice(&self.model);
        head.extend_from_slice(&(tokens.len() as u64).to_le_bytes());
        head.extend(tokens.iter().flat_map(|token| token.to_le_bytes()));
        head
    }

    /// Keeps the state of these tokens, which are the first in the cache, unless it is kept already.
    pub(crate) fn save(&self, tokens: &[u32], cache: &KvCache) {
        let path = self.path(tokens);
        if path.exists() {
            return;
        }
        if let Err(error) = self.write(&path, tokens, cache) {
            tracing::warn!(path = %path.display(), %error, "the state of a prefix could not be kept");
        }
    }

    fn write(&self, path: &Path, tokens: &[u32], cache: &KvCache) -> io::Result<()> {
        let head = self.head(tokens);
        let size = (head.len() + tokens.len() * cache.bytes_per_token() + CHECKSUM) as u64;
        if size > self.most_bytes {
            return Ok(());
        }
        fs::create_dir_all(&self.directory)?;
        self.prune(self.most_bytes - size)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
        let mut hash = Sha256::new_with_prefix(&head);
        file.write_all(&head)?;
        cache.export(tokens.len(), |bytes| {
            hash.update(bytes);
            file.write_all(bytes)
        })?;
        file.write_all(&hash.finalize())?;
        // Not forced to the disk: what a power cut leaves half written fails its checksum.
        file.persist(path)?;
        Ok(())
    }

    /// Removes the snapshots that were not used for longest until the rest takes no more than `most` bytes.
    fn prune(&self, most: u64) -> io::Result<()> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == EXTENSION) {
                let metadata = entry.metadata()?;
                found.push((metadata.modified()?, metadata.len(), path));
            }
        }
        found.sort();
        let mut total: u64 = found.iter().map(|(_, size, _)| size).sum();
        for (_, size, path) in found {
            if total <= most {
                break;
            }
            match fs::remove_file(&path) {
                Ok(()) => total -= size,
                // Another process was faster.
                Err(error) if error.kind() == io::ErrorKind::NotFound => total -= size,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cache of two layers whose entries tell their place.
    fn cache(seed: f32) -> KvCache {
        let mut cache = KvCache::new(2, 3, 4, 16);
        for layer in 0..2 {
            for position in 0..10 {
                let numbers: Vec<f32> =
                    (0..12).map(|i| seed + (layer * 1000 + position * 20 + i) as f32).collect();
                cache.store(layer, position, &numbers, &numbers);
            }
        }
        cache
    }

    fn same(a: &KvCache, b: &KvCache, tokens: usize) -> bool {
        let side = |cache: &KvCache| {
            let mut all = Vec::new();
            cache
                .export(tokens, |bytes| {
                    all.extend_from_slice(bytes);
                    Ok::<(), ()>(())
                })
                .unwrap();
            all
        };
        side(a) == side(b)
    }

    #[test]
    fn what_was_kept_comes_back_and_only_for_the_same_tokens_and_model() {
        let directory = tempfile::tempdir().unwrap();
        let open = |model| Snapshots::new(directory.path().join("kv"), 1 << 20, [model; 32]);
        open(1).save(&[5, 6, 7], &cache(0.0));
        let mut empty = KvCache::new(2, 3, 4, 16);
        assert!(!open(1).load(&[5, 6], &mut empty));
        assert!(!open(2).load(&[5, 6, 7], &mut empty));
        assert!(open(1).load(&[5, 6, 7], &mut empty));
        assert!(same(&empty, &cache(0.0), 3));
        assert!(!same(&empty, &cache(0.0), 4), "the fourth token was not kept");
    }

    #[test]
    fn a_damaged_snapshot_is_left_aside() {
        let directory = tempfile::tempdir().unwrap();
        let snapshots = Snapshots::new(directory.path().into(), 1 << 20, [1; 32]);
        snapshots.save(&[5, 6, 7], &cache(0.0));
        let path = snapshots.path(&[5, 6, 7]);
        let whole = fs::read(&path).unwrap();
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 1;
        for bad in [&flipped[..], &whole[..whole.len() - 1], &[]] {
            fs::write(&path, bad).unwrap();
            let mut empty = KvCache::new(2, 3, 4, 16);
            assert!(!snapshots.load(&[5, 6, 7], &mut empty));
            assert!(same(&empty, &KvCache::new(2, 3, 4, 16), 3), "nothing of it was used");
        }
    }

    #[test]
    fn the_oldest_make_room() {
        let directory = tempfile::tempdir().unwrap();
        let size = 8 + 32 + 8 + 3 * 4 + 3 * 96 + 32;
        let snapshots = Snapshots::new(directory.path().into(), 2 * size + 10, [1; 32]);
        for first in 0..4 {
            snapshots.save(&[first, 6, 7], &cache(0.0));
            let path = snapshots.path(&[first, 6, 7]);
            assert_eq!(fs::metadata(&path).unwrap().len(), size);
            let then = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1000 + u64::from(first));
            fs::File::options().append(true).open(&path).unwrap().set_modified(then).unwrap();
        }
        let kept = |first| snapshots.path(&[first, 6, 7]).exists();
        assert_eq!([kept(0), kept(1), kept(2), kept(3)], [false, false, true, true]);
        let small = Snapshots::new(directory.path().join("small"), 10, [1; 32]);
        small.save(&[1, 2, 3], &cache(0.0));
        assert!(!directory.path().join("small").exists(), "what can never fit removes nothing");
    }
}
