//! What strangers hand in: every file gives pixels or an error that a person understands, never a panic.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgba, RgbaImage};
use lavr_image::{ImageError, ImageStore, Limits, RgbImage, decode};

fn encode(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn photo() -> DynamicImage {
    RgbImage::from_fn(64, 48, |x, y| image::Rgb([(x * 4) as u8, (y * 5) as u8, ((x * y) % 251) as u8])).into()
}

const FORMATS: [ImageFormat; 6] = [
    ImageFormat::Png,
    ImageFormat::Jpeg,
    ImageFormat::WebP,
    ImageFormat::Gif,
    ImageFormat::Bmp,
    ImageFormat::Tiff,
];

#[test]
fn six_formats_are_read_whatever_the_name_says() {
    for format in FORMATS {
        let decoded = decode(&encode(&photo(), format), "picture.txt", &Limits::default()).unwrap();
        assert_eq!(decoded.pixels.dimensions(), (64, 48), "{format:?}");
    }
}

#[test]
fn a_file_cut_off_anywhere_is_an_error_or_whole() {
    for format in FORMATS {
        let bytes = encode(&photo(), format);
        for length in (0..bytes.len()).step_by(bytes.len() / 40 + 1) {
            match decode(&bytes[..length], "cut", &Limits::default()) {
                Ok(decoded) => assert_eq!(decoded.pixels.dimensions(), (64, 48), "{format:?} at {length}"),
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
        let half = decode(&bytes[..bytes.len() / 2], "half", &Limits::default());
        assert!(half.is_err(), "half a {format:?} passes for a whole one");
    }
}

#[test]
fn damaged_bytes_never_panic() {
    for format in FORMATS {
        let bytes = encode(&photo(), format);
        for position in 0..bytes.len().min(600) {
            let mut damaged = bytes.clone();
            damaged[position] ^= 0x5A;
            // Either outcome is right; what must not happen is a panic or a huge allocation.
            drop(decode(&damaged, "damaged", &Limits::default()));
        }
    }
}

#[test]
fn a_header_that_promises_too_much_is_refused_before_decoding() {
    // A BMP header of 30000 x 30000 without pixels.
    let mut bomb = encode(&photo(), ImageFormat::Bmp);
    bomb[18..22].copy_from_slice(&30_000u32.to_le_bytes());
    bomb[22..26].copy_from_slice(&30_000u32.to_le_bytes());
    let error = decode(&bomb, "bomb.bmp", &Limits::default()).unwrap_err();
    assert!(matches!(error, ImageError::TooManyPixels { .. }), "{error}");
    assert!(error.to_string().contains("30000x30000"), "{error}");
}

#[test]
fn a_png_of_one_colour_that_inflates_a_thousandfold_is_refused_by_its_header() {
    let bomb = encode(&GrayImage::new(15_000, 9_000).into(), ImageFormat::Png);
    assert!(bomb.len() < 1_000_000);
    let error = decode(&bomb, "bomb.png", &Limits::default()).unwrap_err();
    assert!(matches!(error, ImageError::TooManyPixels { .. }), "{error}");
}

#[test]
fn what_is_no_picture_says_so() {
    let limits = Limits::default();
    assert!(matches!(decode(&[], "nothing", &limits), Err(ImageError::Empty { .. })));
    assert!(matches!(decode(b"<html>404</html>", "page", &limits), Err(ImageError::UnknownFormat { .. })));
    let pdf = decode(b"%PDF-1.7 ...", "a.pdf", &limits).unwrap_err();
    assert!(pdf.to_string().contains("convert"), "{pdf}");
}

#[test]
fn paths_that_are_no_file_say_what_they_are() {
    let store = ImageStore::default();
    let folder = tempfile::tempdir().unwrap();
    let missing = store.open(&folder.path().join("none.png")).unwrap_err();
    assert!(matches!(missing, ImageError::Missing(_)), "{missing}");
    assert!(matches!(store.open(folder.path()), Err(ImageError::NotAFile(_))));
    for address in ["https://example.org/a.png", "file:///home/me/a.png", "s3://bucket/a.png"] {
        let web = store.open(address.as_ref()).unwrap_err();
        assert!(matches!(web, ImageError::WebAddress(_)), "{web}");
    }
}

#[test]
fn one_pixel_is_a_picture() {
    let decoded = decode(&encode(&RgbImage::new(1, 1).into(), ImageFormat::Png), "dot", &Limits::default());
    assert_eq!(decoded.unwrap().pixels.dimensions(), (1, 1));
}

#[test]
fn transparency_is_laid_over_white() {
    let clear: DynamicImage = RgbaImage::from_pixel(2, 2, Rgba([10, 20, 30, 0])).into();
    let decoded = decode(&encode(&clear, ImageFormat::Png), "clear", &Limits::default()).unwrap();
    assert_eq!(decoded.pixels.get_pixel(0, 0).0, [255, 255, 255]);
}

#[test]
fn sixteen_bits_are_cut_to_eight() {
    let deep = DynamicImage::ImageLuma16(image::ImageBuffer::from_pixel(2, 2, Luma([0xFF00u16])));
    let decoded = decode(&encode(&deep, ImageFormat::Png), "deep", &Limits::default()).unwrap();
    assert!(decoded.pixels.get_pixel(0, 0).0[0] >= 254);
}

/// A picture of printing inks (full magenta and yellow, which is red), drawn for this test.
#[test]
fn printing_inks_become_light() {
    let red = include_bytes!("pictures/red_cmyk.jpg");
    let [r, g, b] = decode(red, "red_cmyk.jpg", &Limits::default()).unwrap().pixels.get_pixel(8, 8).0;
    assert!(r > 200 && g < 60 && b < 60, "{r} {g} {b}");
}

/// A JPEG with an EXIF block that says "turn me by 90 degrees".
#[test]
fn exif_orientation_is_applied() {
    let jpeg = encode(&photo(), ImageFormat::Jpeg);
    let mut exif = vec![0xFF, 0xE1, 0, 34];
    exif.extend_from_slice(b"Exif\0\0");
    exif.extend_from_slice(&[
        b'M', b'M', 0, 42, 0, 0, 0, 8, // header, first directory at 8
        0, 1, // one entry
        0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, // orientation 6: turn right
        0, 0, 0, 0,
    ]);
    let turned: Vec<u8> = [&jpeg[..2], &exif, &jpeg[2..]].concat();
    let decoded = decode(&turned, "turned.jpg", &Limits::default()).unwrap();
    assert_eq!(decoded.pixels.dimensions(), (48, 64));
}
