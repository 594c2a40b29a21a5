//! CHAIR: objects named in captions that are not in the picture.
