use std::path::Path;

use image::Rgb;
use lavr_types::{Rect, Verdict};

use super::*;
use crate::sample::{Sample, cat_and_cup, dogs, exists};

/// Draws the sample; with `LAVR_RENDER_DIR` set, also writes it there to be looked at.
fn draw(name: &str, sample: &Sample) -> RgbImage {
    let drawing = annotate(&sample.answer, sample.root, &sample.store).unwrap();
    if let Some(folder) = std::env::var_os("LAVR_RENDER_DIR") {
        drawing.save(Path::new(&folder).join(format!("{name}.png"))).unwrap();
    }
    drawing
}

fn blank(width: u32, height: u32, draft: &str) -> Sample {
    let store = ImageStore::default();
    let root = store.insert(RgbImage::from_pixel(width, height, Rgb([70, 120, 200]))).unwrap();
    Sample::about(store, root, draft)
}

/// How many pixels of an area have this colour, give or take the smooth edge.
fn count(drawing: &RgbImage, area: Rect, color: [u8; 3]) -> usize {
    let inside = |x: u32, y: u32| {
        let (x, y) = (f64::from(x), f64::from(y));
        area.left <= x && x < area.right && area.top <= y && y < area.bottom
    };
    drawing
        .enumerate_pixels()
        .filter(|(x, y, pixel)| inside(*x, *y) && pixel.0.iter().zip(color).all(|(a, b)| a.abs_diff(b) <= 2))
        .count()
}

fn everywhere(drawing: &RgbImage) -> Rect {
    Rect::new(0.0, 0.0, drawing.width().into(), drawing.height().into())
}

#[test]
fn photographs_are_drawn_with_every_verdict_in_its_color() {
    for (name, sample) in [("dogs", dogs()), ("cat-and-cup", cat_and_cup())] {
        let drawing = draw(name, &sample);
        let picture = Rect::new(0.0, 0.0, drawing.width().into(), f64::from(drawing.width()) * 0.7);
        for verdict in [Verdict::Supported, Verdict::Contradicted] {
            assert!(count(&drawing, picture, style::color(verdict)) > 300, "{name} {verdict:?}");
        }
        assert!(
            count(&drawing, everywhere(&drawing), style::deep_color(Verdict::Insufficient)) > 50,
            "{name}"
        );
    }
}

#[test]
fn a_frame_lies_on_its_box_and_leaves_its_inside_alone() {
    let mut sample = blank(1000, 800, "A dog.");
    let bounds = [300.0, 200.0, 700.0, 600.0];
    sample = sample.claim(
        "dog",
        exists("dog", "dog"),
        Verdict::Supported,
        None,
        "",
        &[("dog", 0.8, bounds, "detect")],
    );
    let drawing = draw("one-box", &sample);
    let (green, ground) = (Rgb(style::color(Verdict::Supported)), Rgb([70, 120, 200]));
    for (x, y) in [(300, 400), (700, 400), (500, 600), (500, 200)] {
        assert_eq!(*drawing.get_pixel(x, y), green, "({x}, {y})");
    }
    for (x, y) in [(500, 400), (320, 580), (100, 700), (900, 100)] {
        assert_eq!(*drawing.get_pixel(x, y), ground, "({x}, {y})");
    }
}

#[test]
fn the_lines_of_the_verdicts_differ_without_their_colors() {
    // Along one side of a frame, the share of pixels that are the frame's own.
    let share = |verdict: Verdict| {
        let bounds = [300.0, 200.0, 700.0, 600.0];
        let sample = blank(1000, 800, "A dog.").claim(
            "dog",
            exists("dog", "dog"),
            verdict,
            None,
            "",
            &[("dog", 0.8, bounds, "detect")],
        );
        let drawing = draw(&format!("line-{verdict:?}"), &sample);
        let side = Rect::new(320.0, 600.0, 680.0, 601.0);
        count(&drawing, side, style::color(verdict)) as f64 / 360.0
    };
    let [solid, dashed, dotted] =
        [Verdict::Supported, Verdict::Contradicted, Verdict::Insufficient].map(share);
    assert!(solid > 0.99 && (0.4..0.8).contains(&dashed) && dotted < 0.6, "{solid} {dashed} {dotted}");
    assert!((dashed - dotted).abs() > 0.1, "{dashed} {dotted}");
}

#[test]
fn the_same_find_of_several_calls_is_one_mark() {
    let bounds = [300.0, 200.0, 700.0, 600.0];
    let nearly = [302.0, 201.0, 699.0, 604.0];
    let sample = blank(1000, 800, "A dog, a dog.")
        .claim("A dog", exists("dog", "dog"), Verdict::Supported, None, "", &[("dog", 0.8, bounds, "detect")])
        .claim(
            "a dog",
            exists("dog", "dog"),
            Verdict::Supported,
            None,
            "",
            &[("dog", 0.9, nearly, "detect"), ("brown", 0.7, bounds, "color")],
        );
    let stage = Stage::of(sample.store.size_of(sample.root).unwrap());
    let marks = marks::collect(&sample.answer, sample.root, &sample.store, &stage);
    assert_eq!(marks.len(), 1);
    assert_eq!(marks[0].place.text(), "dog 0.90 · brown 0.70");
    assert_eq!(marks[0].place.verdicts(), [(Verdict::Supported, vec![1, 2])]);
}

#[test]
fn evidence_seen_in_a_crop_is_drawn_on_the_picture() {
    let mut sample = blank(1000, 800, "A dog.");
    let crop = sample.store.crop(sample.root, Rect::new(200.0, 100.0, 600.0, 500.0)).unwrap();
    sample = sample.claim(
        "dog",
        exists("dog", "dog"),
        Verdict::Supported,
        None,
        "",
        &[("dog", 0.8, [0.0, 0.0, 1.0, 1.0], "detect")],
    );
    let region = lavr_types::Region::in_pixels(
        crop,
        sample.store.size_of(crop).unwrap(),
        Rect::new(100.0, 100.0, 300.0, 300.0),
    );
    sample.answer.claims[0].judgement.evidence[0].region = region;
    let drawing = draw("from-crop", &sample);
    assert_eq!(drawing.get_pixel(400, 400).0, style::color(Verdict::Supported));
}

#[test]
fn pictures_of_any_size_can_be_drawn_on() {
    for (width, height) in [(1, 1), (16, 16), (1, 4000), (4000, 1), (33, 700), (6000, 4000)] {
        let (w, h) = (f64::from(width), f64::from(height));
        let sample = blank(width, height, "A dog and a cat, no bird.")
            .claim(
                "dog",
                exists("dog", "dog"),
                Verdict::Supported,
                None,
                "",
                &[("dog", 0.8, [0.0, 0.0, w / 2.0, h / 2.0], "detect")],
            )
            .claim(
                "cat",
                exists("cat", "cat"),
                Verdict::Contradicted,
                Some("bear"),
                "It is a bear.",
                &[("bear", 0.6, [w / 2.0, h / 2.0, w, h], "detect")],
            )
            .claim(
                "bird",
                exists("bird", "bird"),
                Verdict::Insufficient,
                None,
                "",
                &[("no bird", 0.6, [0.0, 0.0, w, h], "detect")],
            );
        let drawing = draw(&format!("size-{width}x{height}"), &sample);
        assert!(drawing.width() >= 640 && drawing.width() <= 2400, "{:?}", drawing.dimensions());
        assert!(drawing.height() > 160 && drawing.height() < 4000, "{:?}", drawing.dimensions());
    }
}

#[test]
fn broken_numbers_and_strange_texts_do_not_stop_the_drawing() {
    let draft = "狗在看👩‍👩‍👧 \u{202e}abc\u{0} e\u{301}, ".repeat(200);
    let far = [-1e12, f64::NAN, f64::INFINITY, 5.0];
    let sample = blank(300, 200, &draft)
        .claim(
            "狗",
            exists("狗", "dog"),
            Verdict::Contradicted,
            Some("猫"),
            "它是猫",
            &[("犬\n犬", f32::NAN, far, "detect"), ("", -3.0, [5.0, 5.0, 5.0, 5.0], "read_text")],
        )
        .claim(
            &draft.clone(),
            exists("x", "dog"),
            Verdict::Insufficient,
            None,
            &draft.clone(),
            &[(&draft.clone(), 7.0, [-50.0, -50.0, 9e9, 40.0], "")],
        );
    let drawing = draw("strange", &sample);
    assert!(drawing.height() < 2500);
}

#[test]
fn a_crowd_is_drawn_without_chips_over_each_other() {
    let mut sample = blank(1200, 800, "Many people.");
    let seen: Vec<_> = (0u32..120)
        .map(|number| {
            let (x, y) = (f64::from(number % 15) * 78.0, f64::from(number / 15) * 97.0);
            ("person", 0.5, [x, y, x + 90.0, y + 120.0], "detect")
        })
        .collect();
    sample = sample.claim("people", exists("people", "person"), Verdict::Supported, None, "", &seen);
    let drawing = draw("crowd", &sample);
    assert!(count(&drawing, everywhere(&drawing), style::LABEL) < 1200 * 800 / 7);
}

#[test]
fn an_unknown_picture_and_a_crop_are_errors_that_say_so() {
    let sample = blank(100, 80, "A dog.");
    let elsewhere = ImageId::of_pixels(lavr_types::Size::new(1, 1), &[1, 2, 3]);
    let error = annotate(&sample.answer, elsewhere, &sample.store).unwrap_err();
    assert!(matches!(error, ReportError::Picture { .. }), "{error}");
    let crop = sample.store.crop(sample.root, Rect::new(0.0, 0.0, 50.0, 50.0)).unwrap();
    let error = annotate(&sample.answer, crop, &sample.store).unwrap_err();
    assert!(matches!(error, ReportError::NotARoot { .. }), "{error}");
}

#[test]
fn a_long_text_about_a_small_picture_stays_readable() {
    let draft = "The photograph shows a red cup of espresso on a red saucer, with two spoons beside it. The cup \
                 stands on a wooden table; the handle points to the right. Η κούπα είναι κόκκινη. Чашка стоит \
                 на столе.\nA laptop lies behind the cup, and a newspaper with the headline \"GOOD MORNING\" can be \
                 seen at the edge of the table.";
    let cup = [170.0, 20.0, 410.0, 310.0];
    let spoon = [322.0, 62.0, 428.0, 330.0];
    let color = |thing: &str, color: &str| lavr_types::Assertion::Color {
        entity: crate::sample::entity(thing, thing),
        color: color.to_owned(),
    };
    let sample = Sample::photo("coffee.jpg", draft)
        .claim("red", color("cup", "red"), Verdict::Supported, None, "", &[("red", 0.58, cup, "color")])
        .claim("cup", exists("cup", "cup"), Verdict::Supported, None, "", &[("cup", 0.93, cup, "detect")])
        .claim("two spoons", exists("spoons", "spoon"), Verdict::Contradicted, Some("one spoon"), "One spoon was found, not two; a second look at the parts of the picture found no other one either, and the first was found with a score of 0.62.", &[("spoon", 0.62, spoon, "detect")])
        .claim("wooden table", exists("table", "dining table"), Verdict::Supported, None, "", &[("dining table", 0.74, [0.0, 0.0, 600.0, 400.0], "detect")])
        .claim("A laptop lies behind the cup, and", exists("laptop", "laptop"), Verdict::Contradicted, Some("There is"), "No laptop was found.", &[("no laptop", 0.96, [0.0, 0.0, 600.0, 400.0], "detect")])
        .claim("\"GOOD MORNING\"", lavr_types::Assertion::Other, Verdict::Insufficient, None, "No text could be read.", &[]);
    let drawing = draw("coffee", &sample);
    assert_eq!(drawing.width(), 1000);
    // Two things seen in the whole picture are two chips, not one.
    let stage = Stage::of(sample.store.size_of(sample.root).unwrap());
    let marks = marks::collect(&sample.answer, sample.root, &sample.store, &stage);
    let whole: Vec<String> =
        marks.iter().filter(|mark| mark.place.whole).map(|mark| mark.place.text()).collect();
    assert_eq!(whole, ["dining table 0.74", "no laptop 0.96"]);
    assert!(count(&drawing, everywhere(&drawing), style::light_color(Verdict::Contradicted)) > 1000);
}
