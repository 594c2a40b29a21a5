//! What a store holds, and what it lets go of: images, when each was last used, and the work that goes on.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::atomic::{AtomicU64, Ordering},
};

use lavr_types::ImageId;

use crate::{ImageError, Origin, StoredImage};

/// The most names of forgotten images that are remembered, so that asking for one is told from a slip of the pen.
const MOST_FORGOTTEN: usize = 10_000;

/// The part of the limit that is left free when room was made: an eighth.
const ROOM_LEFT: u64 = 8;

/// Images by id. Time is counted in uses: an image is used after all that was made from it, so that what an image was made
/// from is never forgotten before it.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    images: HashMap<ImageId, Entry>,
    bytes: u64,
    limit: Option<u64>,
    clock: AtomicU64,
    /// Work that goes on by when it began, with the roots that it holds.
    work: BTreeMap<u64, HashSet<ImageId>>,
    forgotten: Forgotten,
}

#[derive(Debug)]
struct Entry {
    image: StoredImage,
    used: AtomicU64,
    /// Whether somebody may use it who does not hold it. A picture that was given to one piece of work is known to no
    /// other; what a tool made may come to any work that goes on.
    shared: bool,
    /// Whether it stays as long as the store.
    pinned: bool,
}

impl Entry {
    const fn parent(&self) -> Option<ImageId> {
        match self.image.origin {
            Origin::Root => None,
            Origin::Derived { parent, .. } => Some(parent),
        }
    }
}

impl Kept {
    pub(crate) fn limit(&mut self, bytes: u64) {
        self.limit = Some(bytes);
        self.make_room(&HashSet::new());
    }

    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn get(&self, id: ImageId) -> Result<StoredImage, ImageError> {
        let entry = self.images.get(&id).ok_or_else(|| self.missing(id))?;
        if self.limit.is_some() {
            self.touch(id);
        }
        Ok(entry.image.clone())
    }

    pub(crate) fn has(&self, id: ImageId) -> bool {
        self.images.contains_key(&id)
    }

    pub(crate) fn still_has(&mut self, seen: impl IntoIterator<Item = ImageId>, asked: &[ImageId]) -> bool {
        if self.limit.is_none() {
            return true;
        }
        let known: HashSet<ImageId> = asked.iter().map(|id| self.root(*id)).collect();
        seen.into_iter().all(|id| {
            self.touch(id);
            let root = self.root(id);
            if let Some(entry) = self.images.get_mut(&root).filter(|_| !known.contains(&root)) {
                entry.shared = true;
            }
            self.images.contains_key(&id)
        })
    }

    /// Takes an image in; one that is here stays as it is. It makes room for it, but never by the image itself.
    ///
    /// # Errors
    /// When the image that it was made from is gone: the store let go of that one while this one was made.
    pub(crate) fn keep(&mut self, image: StoredImage, work: Option<u64>) -> Result<(), ImageError> {
        let (id, shared) = (image.id, work.is_none());
        if let Origin::Derived { parent, .. } = image.origin
            && !self.images.contains_key(&parent)
        {
            return Err(self.missing(parent));
        }
        self.forgotten.remove(id);
        if let Some(entry) = self.images.get_mut(&id) {
            entry.shared |= shared;
        } else {
            self.bytes += image.bytes();
            self.images.insert(id, Entry { image, used: AtomicU64::default(), shared, pinned: false });
        }
        self.touch(id);
        if let Some(held) = work.and_then(|work| self.work.get_mut(&work)) {
            held.insert(id);
        }
        self.make_room(&self.line(id).collect());
        Ok(())
    }

    pub(crate) fn pin(&mut self, id: ImageId) -> Result<(), ImageError> {
        if !self.images.contains_key(&id) {
            return Err(self.missing(id));
        }
        let line: Vec<_> = self.line(id).collect();
        for id in line {
            if let Some(entry) = self.images.get_mut(&id) {
                entry.pinned = true;
            }
        }
        Ok(())
    }

    pub(crate) fn remove_with_all_made_from(&mut self, id: ImageId) {
        let mut gone = vec![id];
        while let Some(id) = gone.pop() {
            self.remove(id);
            gone.extend(
                self.images.iter().filter(|(_, entry)| entry.parent() == Some(id)).map(|(id, _)| *id),
            );
        }
    }

    pub(crate) fn begin(&mut self) -> u64 {
        let now = self.tick();
        self.work.insert(now, HashSet::new());
        now
    }

    pub(crate) fn hold(&mut self, work: u64, id: ImageId) -> Result<(), ImageError> {
        if !self.images.contains_key(&id) {
            return Err(self.missing(id));
        }
        self.touch(id);
        let root = self.root(id);
        if let Some(held) = self.work.get_mut(&work) {
            held.insert(root);
        }
        Ok(())
    }

    pub(crate) fn end(&mut self, work: u64) {
        self.work.remove(&work);
        self.make_room(&HashSet::new());
    }

    fn missing(&self, id: ImageId) -> ImageError {
        match self.limit {
            Some(limit) if self.forgotten.contains(id) => ImageError::Forgotten { id, limit },
            _ => ImageError::Unknown(id),
        }
    }

    fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The image and what it was made from, as far as it is here.
    fn line(&self, id: ImageId) -> impl Iterator<Item = ImageId> {
        std::iter::successors(Some(id), |id| {
            self.images.get(id)?.parent().filter(|parent| self.images.contains_key(parent))
        })
    }

    fn root(&self, id: ImageId) -> ImageId {
        self.line(id).last().unwrap_or(id)
    }

    fn touch(&self, id: ImageId) {
        for id in self.line(id) {
            if let Some(entry) = self.images.get(&id) {
                entry.used.fetch_max(self.tick(), Ordering::Relaxed);
            }
        }
    }

    /// Forgets what was least recently used as soon as all does not fit, but none of `needed` and nothing that work may
    /// use. It goes on until some room is left, so that not each image that comes into a full store looks through all.
    fn make_room(&mut self, needed: &HashSet<ImageId>) {
        let Some(limit) = self.limit.filter(|limit| self.bytes > *limit) else { return };
        let held: HashSet<ImageId> = self.work.values().flatten().copied().collect();
        let oldest = self.work.keys().next().copied().unwrap_or(u64::MAX);
        let free = self.images.iter().filter_map(|(&id, entry)| {
            let (root, used) = (self.root(id), entry.used.load(Ordering::Relaxed));
            let shared = self.images.get(&root).is_none_or(|root| root.shared);
            let in_use = held.contains(&root) || (shared && used > oldest);
            (!in_use && !entry.pinned && !needed.contains(&id)).then_some((used, id))
        });
        let mut free: Vec<_> = free.collect();
        free.sort_unstable();
        let enough = limit - limit / ROOM_LEFT;
        for (_, id) in free {
            if self.bytes <= enough {
                return;
            }
            self.remove(id);
            self.forgotten.insert(id);
        }
    }

    fn remove(&mut self, id: ImageId) {
        if let Some(entry) = self.images.remove(&id) {
            self.bytes -= entry.image.bytes();
        }
    }
}

/// The last names of images that were forgotten.
#[derive(Debug, Default)]
struct Forgotten {
    known: HashSet<ImageId>,
    order: VecDeque<ImageId>,
}

impl Forgotten {
    fn insert(&mut self, id: ImageId) {
        if self.known.insert(id) {
            self.order.push_back(id);
        }
        while self.order.len() > MOST_FORGOTTEN {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }

    /// Its place in the order goes with it: left there, it would in time be taken for the name's next one.
    fn remove(&mut self, id: ImageId) {
        if self.known.remove(&id) {
            self.order.retain(|known| *known != id);
        }
    }

    fn contains(&self, id: ImageId) -> bool {
        self.known.contains(&id)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lavr_types::{Rect, Size};

    use super::*;
    use crate::{ImageStore, Rgb, RgbImage};

    /// Bytes of a picture below.
    const ONE: u64 = 20 * 10 * 3;

    fn picture(level: u8) -> RgbImage {
        RgbImage::from_pixel(20, 10, Rgb([level, 0, 0]))
    }

    fn png(level: u8) -> Vec<u8> {
        let store = ImageStore::default();
        let id = store.insert(picture(level)).unwrap();
        store.get(id).unwrap().png().unwrap()
    }

    /// A store with room for so many pictures, and half a picture more.
    fn room_for(pictures: u64) -> Arc<ImageStore> {
        Arc::new(ImageStore::default().keeping_at_most(pictures * ONE + ONE / 2))
    }

    #[test]
    fn what_was_least_recently_used_goes_first_and_is_told_as_forgotten() {
        let store = room_for(3);
        let [a, b, c] = [1, 2, 3].map(|level| store.insert(picture(level)).unwrap());
        store.get(a).unwrap();
        let d = store.insert(picture(4)).unwrap();
        let told = store.get(b).unwrap_err();
        assert!(matches!(told, ImageError::Forgotten { id, .. } if id == b), "{told}");
        assert!(told.to_string().contains("give the picture again"), "{told}");
        assert!([a, c, d].iter().all(|id| store.get(*id).is_ok()));
        assert!(matches!(
            store.get(ImageId::of_pixels(Size::new(1, 1), &[1, 2, 3])),
            Err(ImageError::Unknown(_))
        ));
        // Given again, it is back under its name.
        assert_eq!(store.insert(picture(2)).unwrap(), b);
        assert!(store.get(b).is_ok());
    }

    #[test]
    fn a_store_without_a_limit_keeps_all() {
        let store = ImageStore::default();
        let ids: Vec<_> = (0..50).map(|level| store.insert(picture(level)).unwrap()).collect();
        assert!(ids.iter().all(|id| store.get(*id).is_ok()));
        assert_eq!(store.bytes(), 50 * ONE);
    }

    #[test]
    fn the_newest_stays_however_large_it_is() {
        let store = Arc::new(ImageStore::default().keeping_at_most(10));
        let a = store.insert(picture(1)).unwrap();
        assert!(store.get(a).is_ok());
        let b = store.insert(picture(2)).unwrap();
        assert!(store.get(a).is_err() && store.get(b).is_ok());
    }

    #[test]
    fn the_bytes_of_files_count() {
        let store = ImageStore::default();
        let file = png(1);
        store.insert_encoded(&file, "it").unwrap();
        assert_eq!(store.bytes(), ONE + file.len() as u64);
    }

    #[test]
    fn what_an_image_was_made_from_stays_with_it() {
        let store = room_for(2);
        let root = store.insert(picture(1)).unwrap();
        let crop = store.crop(root, Rect::new(0.0, 0.0, 2.0, 2.0)).unwrap();
        store.insert(picture(2)).unwrap();
        store.get(crop).unwrap();
        store.insert(picture(3)).unwrap();
        assert!(store.root_of(crop).is_ok());
        // Left alone, they go.
        store.insert(picture(4)).unwrap();
        store.insert(picture(5)).unwrap();
        assert!(store.get(crop).is_err() && store.get(root).is_err());
    }

    #[test]
    fn what_work_holds_stays_with_all_that_is_made_of_it() {
        let store = room_for(2);
        let early = store.insert(picture(1)).unwrap();
        let work = store.begin();
        work.hold(early).unwrap();
        let given = work.insert_encoded(&png(2), "it").unwrap();
        let crop = store.crop(given, Rect::new(0.0, 0.0, 5.0, 5.0)).unwrap();
        for level in 3..20 {
            let other = store.begin();
            other.insert_encoded(&png(level), "it").unwrap();
        }
        assert!([early, given, crop].iter().all(|id| store.get(*id).is_ok()));
        let held = store.bytes();
        assert!(held < 5 * ONE, "what other work took in for itself and left is forgotten: {held}");
        drop(work);
        assert!(store.bytes() <= 2 * ONE + ONE / 2);
    }

    #[test]
    fn what_somebody_made_or_found_stays_while_work_goes_on_that_may_know_of_it() {
        let store = room_for(2);
        let before = store.insert(picture(1)).unwrap();
        let found = store.insert(picture(2)).unwrap();
        let work = store.begin();
        assert!(store.still_has([found], &[]));
        let made = store.insert(picture(3)).unwrap();
        for level in 4..20 {
            store.begin().insert_encoded(&png(level), "it").unwrap();
        }
        assert!(store.get(found).is_ok() && store.get(made).is_ok());
        assert!(!store.still_has([found, before], &[]), "nobody used it since the work began");
        drop(work);
    }

    #[test]
    fn a_record_of_what_was_asked_about_tells_nobody_else_of_it() {
        let store = room_for(2);
        let work = store.begin();
        for level in 1..20 {
            let other = store.begin();
            let given = other.insert_encoded(&png(level), "it").unwrap();
            let crop = store.crop(given, Rect::new(0.0, 0.0, 5.0, 5.0)).unwrap();
            assert!(store.still_has([given, crop], &[crop]));
        }
        assert!(store.bytes() < 3 * ONE, "{} bytes", store.bytes());
        drop(work);
    }

    #[test]
    fn what_is_forgotten_cannot_be_held() {
        let store = room_for(1);
        let a = store.insert(picture(1)).unwrap();
        store.insert(picture(2)).unwrap();
        assert!(matches!(store.begin().hold(a), Err(ImageError::Forgotten { .. })));
    }

    #[test]
    fn what_is_pinned_stays() {
        let store = room_for(2);
        let a = store.insert(picture(1)).unwrap();
        store.pin(a).unwrap();
        for level in 2..9 {
            store.insert(picture(level)).unwrap();
        }
        assert!(store.get(a).is_ok());
        assert!(store.bytes() <= 2 * ONE + ONE / 2);
    }

    #[test]
    fn names_of_forgotten_images_are_not_collected_without_end() {
        let mut forgotten = Forgotten::default();
        let name = |n: u32| ImageId::of_pixels(Size::new(1, 1), &n.to_le_bytes());
        for n in 0..MOST_FORGOTTEN as u32 + 5 {
            forgotten.insert(name(n));
        }
        assert_eq!((forgotten.known.len(), forgotten.order.len()), (MOST_FORGOTTEN, MOST_FORGOTTEN));
        assert!(!forgotten.contains(name(4)) && forgotten.contains(name(5)));
    }

    #[test]
    fn an_image_that_came_back_and_was_forgotten_again_is_remembered_as_long_as_any() {
        let mut forgotten = Forgotten::default();
        let name = |n: u32| ImageId::of_pixels(Size::new(1, 1), &n.to_le_bytes());
        for n in 0..MOST_FORGOTTEN as u32 - 1 {
            forgotten.insert(name(n));
        }
        for _ in 0..3 {
            forgotten.remove(name(0));
            forgotten.insert(name(0));
        }
        forgotten.insert(name(u32::MAX));
        forgotten.insert(name(u32::MAX - 1));
        assert!(forgotten.contains(name(0)) && !forgotten.contains(name(1)));
        assert_eq!((forgotten.known.len(), forgotten.order.len()), (MOST_FORGOTTEN, MOST_FORGOTTEN));
    }

    #[test]
    fn a_full_store_makes_room_for_some_pictures_at_once() {
        let store = room_for(16);
        let mut sizes = Vec::new();
        for level in 0..40 {
            store.insert(picture(level)).unwrap();
            sizes.push(store.bytes() / ONE);
        }
        assert_eq!(sizes[14..22], [15, 16, 14, 15, 16, 14, 15, 16]);
    }

    #[test]
    fn what_was_made_from_an_image_that_is_gone_by_then_is_not_kept() {
        let store = room_for(2);
        let root = store.insert(picture(1)).unwrap();
        let crop = store.crop(root, Rect::new(0.0, 0.0, 2.0, 2.0)).unwrap();
        let made = store.get(crop).unwrap();
        for level in 2..5 {
            store.insert(picture(level)).unwrap();
        }
        let before = store.bytes();
        let told = store.write().keep(made.clone(), None).unwrap_err();
        assert!(matches!(told, ImageError::Forgotten { id, .. } if id == root), "{told}");
        assert!(!store.has(crop) && store.bytes() == before);

        let unlimited = ImageStore::default();
        assert!(matches!(unlimited.write().keep(made, None), Err(ImageError::Unknown(id)) if id == root));
    }
}
