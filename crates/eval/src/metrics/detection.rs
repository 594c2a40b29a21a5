//! Average precision as COCO takes it.
