//! Learns how much each sign of a color counts, and prints `[color.named]` and `[color.first]` of the verifier's thresholds.
//!
//!     cargo run --release -p lavr-eval --example fit_colors -- crates/eval/photos/calibration/color-signs.jsonl
//!
//! Each line of the file is a thing in a photograph of which people told the color: `main` are the names that they use first, `also` those that
//! can be argued for, `open` those of which nobody said anything; all others are wrong. `places` has what was measured where the thing may be, once for
//! each set of experts (of clothes: with masks and bodies, with masks, with the box alone), for each place that the thing may have, for each of the eleven
//! names in the order of `NAMES`: the signs in the order of `SIGNS` (crates/verify/src/check/color/signs.rs).
//!
//! `measure_colors.rs` writes such a file. To standard error goes what weights that were fitted without a sixth of the pictures make of that sixth.
//!
//! `named` is a logistic regression of whether a name is one that people use; `first` one over all names of which they use first,
//! on things with one place. Both are ridge regressions on standardized signs, found by Newton's method and by gradient descent. A name that is used first
//! counts three times as much as a wrong one, and one that can be argued for half as much again; the places and sets of a thing share its weight.

use std::error::Error;

use lavr_verify::calibrate::COLOR_SIGNS;
use serde::Deserialize;

const NAMES: [&str; 11] =
    ["black", "white", "gray", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown"];

type Signs = [f64; COLOR_SIGNS.len()];

/// A thing of known color, with what was measured of it.
#[derive(Clone, Deserialize)]
struct Thing {
    picture: String,
    main: Vec<String>,
    also: Vec<String>,
    open: Vec<String>,
    places: Vec<Vec<[Signs; NAMES.len()]>>,
}

/// Whether a name, by its place, is one of these.
fn is_among(names: &[String], name: usize) -> bool {
    names.iter().any(|one| one == NAMES[name])
}

/// A name of a thing: its signs, whether people use it, and what it counts.
struct Row {
    signs: Signs,
    is_used: bool,
    weight: f64,
}

/// How far each sign's weight is held back: `named` as a summand to all of the rows' losses, `first` to their mean.
const RIDGE_NAMED: f64 = 1.0 / 0.3;
const RIDGE_FIRST: f64 = 0.01;

const STEPS_FIRST: usize = 1500;
const RATE_FIRST: f64 = 0.5;

#[expect(clippy::print_stdout, reason = "the output of the program")]
fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("which file?")?;
    let text = std::fs::read_to_string(file)?;
    let things: Vec<Thing> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let (weights, bias) = named(&rows(&things));
    print!("{}", table("named", &weights, bias));
    println!();
    print!("{}", table("first", &first(&things), 0.0));
    left_out(&things);
    Ok(())
}

/// Pictures are left out of a fit in so many parts.
const PARTS: usize = 6;

/// Up to these likelihoods a claim may be contradicted; up to the second it is.
const CONTRADICTED: [f64; 4] = [0.15, 0.2, 0.25, 0.3];

/// Shares from which on a name may take the place of a wrong one.
const FIRST_SHARES: [f64; 4] = [0.3, 0.4, 0.5, 0.6];

/// Of the names of one kind: contradicted, of all.
type Told = [usize; 2];

/// Tells what weights make of things whose pictures were left out when they were fitted: how many names are contradicted, and
/// how often a name that is put in the place of a wrong one is right.
#[expect(clippy::print_stderr, reason = "for the person who calibrates")]
fn left_out(things: &[Thing]) {
    let mut pictures: Vec<&str> = things.iter().map(|thing| thing.picture.as_str()).collect();
    pictures.dedup();
    let part = |thing: &Thing| pictures.iter().position(|one| *one == thing.picture).unwrap_or(0) % PARTS;
    let mut kinds: [[Told; 3]; CONTRADICTED.len()] = Default::default();
    let mut replaced: [Told; FIRST_SHARES.len()] = Default::default();
    for out in 0..PARTS {
        let others: Vec<Thing> = things.iter().filter(|thing| part(thing) != out).cloned().collect();
        let (fit, first) = (named(&rows(&others)), first(&others));
        for thing in things.iter().filter(|thing| part(thing) == out) {
            let Some(places) = thing.places.first() else { continue };
            for name in (0..NAMES.len()).filter(|name| !is_among(&thing.open, *name)) {
                let likely = |place: &[Signs; NAMES.len()]| logistic(sum(&place[name], &fit.0) + fit.1);
                let most = places.iter().map(likely).fold(0.0, f64::max);
                let kind = match (is_among(&thing.main, name), is_among(&thing.also, name)) {
                    (true, _) => 0,
                    (_, true) => 1,
                    _ => 2,
                };
                for (kinds, line) in kinds.iter_mut().zip(CONTRADICTED) {
                    kinds[kind][0] += usize::from(most <= line);
                    kinds[kind][1] += 1;
                }
                if let ([place], true) = (places.as_slice(), most <= CONTRADICTED[1] && kind == 2) {
                    let (other, share) = likeliest(place, &first, name);
                    let is_right = is_among(&thing.main, other) || is_among(&thing.also, other);
                    for (told, _) in
                        replaced.iter_mut().zip(FIRST_SHARES).filter(|(_, least)| share >= *least)
                    {
                        told[0] += usize::from(is_right);
                        told[1] += 1;
                    }
                }
            }
        }
    }
    for (line, kinds) in CONTRADICTED.into_iter().zip(kinds) {
        let of = |kind: usize| format!("{} of {}", kinds[kind][0], kinds[kind][1]);
        let (right, arguable, wrong) = (of(0), of(1), of(2));
        eprintln!("left out, contradicted up to {line}: right {right}, arguable {arguable}, wrong {wrong}");
    }
    for (least, [right, all]) in FIRST_SHARES.into_iter().zip(replaced) {
        eprintln!(
            "what takes the place of a wrong one with a share from {least} on: right in {right} of {all}"
        );
    }
}

/// The name that is likeliest to be used first, one aside, and its share.
fn likeliest(place: &[Signs; NAMES.len()], weights: &Signs, aside: usize) -> (usize, f64) {
    let shares = place.map(|signs| sum(&signs, weights).exp());
    let all: f64 = shares.iter().sum();
    let others = (0..NAMES.len()).filter(|name| *name != aside);
    let best = others.max_by(|one, other| shares[*one].total_cmp(&shares[*other])).unwrap_or_default();
    (best, shares[best] / all)
}

fn sum(signs: &Signs, weights: &Signs) -> f64 {
    signs.iter().zip(weights).map(|(sign, weight)| sign * weight).sum()
}

fn logistic(sum: f64) -> f64 {
    1.0 / (1.0 + (-sum).exp())
}

fn table(name: &str, weights: &Signs, bias: f64) -> String {
    let lines = COLOR_SIGNS.iter().zip(weights).map(|(sign, weight)| format!("{sign} = {weight:.3}\n"));
    format!("[color.{name}]\nbias = {bias:.3}\n{}", lines.collect::<String>())
}

fn rows(things: &[Thing]) -> Vec<Row> {
    let mut rows = Vec::new();
    for thing in things {
        for places in &thing.places {
            for name in 0..NAMES.len() {
                let (is_main, is_also) = (is_among(&thing.main, name), is_among(&thing.also, name));
                if is_among(&thing.open, name) {
                    continue;
                }
                let is_used = is_main || is_also;
                // Which of several places is meant is not known: it is the one that has most of the color.
                let fits = |signs: &Signs| 0.3f64.mul_add(signs[1], signs[0]);
                let all = places.iter().map(|place| place[name]);
                let meant: Vec<Signs> = if is_used {
                    all.max_by(|one, other| fits(one).total_cmp(&fits(other))).into_iter().collect()
                } else {
                    all.collect()
                };
                let counts = if is_main {
                    3.0
                } else if is_also {
                    1.5
                } else {
                    1.0
                };
                let weight = counts / (meant.len() * thing.places.len()) as f64;
                rows.extend(meant.into_iter().map(|signs| Row { signs, is_used, weight }));
            }
        }
    }
    rows
}

/// The mean and the deviation of each sign.
fn spread<'s>(signs: impl Iterator<Item = &'s Signs>) -> (Signs, Signs) {
    let signs: Vec<&Signs> = signs.collect();
    let number = signs.len() as f64;
    let mean: Signs = std::array::from_fn(|sign| signs.iter().map(|one| one[sign]).sum::<f64>() / number);
    let deviation = std::array::from_fn(|sign| {
        let squares = signs.iter().map(|one| (one[sign] - mean[sign]).powi(2)).sum::<f64>();
        (squares / number).sqrt() + 1e-6
    });
    (mean, deviation)
}

fn standard(signs: &Signs, mean: &Signs, deviation: &Signs) -> Signs {
    std::array::from_fn(|sign| (signs[sign] - mean[sign]) / deviation[sign])
}

/// Newton's method; the bias is not held back.
fn named(rows: &[Row]) -> (Signs, f64) {
    const ALL: usize = COLOR_SIGNS.len() + 1;
    let (mean, deviation) = spread(rows.iter().map(|row| &row.signs));
    let inputs: Vec<[f64; ALL]> = rows
        .iter()
        .map(|row| {
            let signs = standard(&row.signs, &mean, &deviation);
            std::array::from_fn(|at| signs.get(at).copied().unwrap_or(1.0))
        })
        .collect();
    let mut weights = [0.0; ALL];
    for _ in 0..30 {
        let mut gradient: [f64; ALL] =
            std::array::from_fn(|at| if at < COLOR_SIGNS.len() { RIDGE_NAMED * weights[at] } else { 0.0 });
        let mut curvature = [[0.0; ALL]; ALL];
        for (at, row) in curvature.iter_mut().enumerate().take(COLOR_SIGNS.len()) {
            row[at] = RIDGE_NAMED;
        }
        for (row, input) in rows.iter().zip(&inputs) {
            let sum: f64 = weights.iter().zip(input).map(|(weight, value)| weight * value).sum();
            let likely = 1.0 / (1.0 + (-sum).exp());
            let error = row.weight * (likely - f64::from(u8::from(row.is_used)));
            let bend = row.weight * likely * (1.0 - likely);
            for (one, value) in input.iter().enumerate() {
                gradient[one] += error * value;
                for (other, with) in input.iter().enumerate() {
                    curvature[one][other] += bend * value * with;
                }
            }
        }
        for (weight, step) in weights.iter_mut().zip(solved(curvature, gradient)) {
            *weight -= step;
        }
    }
    let named: Signs = std::array::from_fn(|sign| weights[sign] / deviation[sign]);
    let shift: f64 = named.iter().zip(&mean).map(|(weight, mean)| weight * mean).sum();
    (named, weights[COLOR_SIGNS.len()] - shift)
}

/// What solves a system of equations, by elimination with the largest pivot.
fn solved<const N: usize>(mut matrix: [[f64; N]; N], mut right: [f64; N]) -> [f64; N] {
    for column in 0..N {
        let pivot = (column..N)
            .max_by(|one, other| matrix[*one][column].abs().total_cmp(&matrix[*other][column].abs()))
            .unwrap_or(column);
        matrix.swap(column, pivot);
        right.swap(column, pivot);
        let top = matrix[column];
        for row in column + 1..N {
            let factor = matrix[row][column] / top[column];
            for (value, above) in matrix[row].iter_mut().zip(&top).skip(column) {
                *value -= factor * above;
            }
            right[row] -= factor * right[column];
        }
    }
    for row in (0..N).rev() {
        let known: f64 = (row + 1..N).map(|column| matrix[row][column] * right[column]).sum();
        right[row] = (right[row] - known) / matrix[row][row];
    }
    right
}

/// Gradient descent.
fn first(things: &[Thing]) -> Signs {
    let single = |thing: &'_ Thing| -> Vec<[Signs; NAMES.len()]> {
        thing.places.iter().filter(|places| places.len() == 1).map(|places| places[0]).collect()
    };
    let examples: Vec<(&Thing, [Signs; NAMES.len()])> =
        things.iter().flat_map(|thing| single(thing).into_iter().map(move |place| (thing, place))).collect();
    let (mean, deviation) = spread(examples.iter().flat_map(|(_, place)| place.iter()));
    let inputs: Vec<[Signs; NAMES.len()]> =
        examples.iter().map(|(_, place)| place.map(|signs| standard(&signs, &mean, &deviation))).collect();
    let counts: Vec<f64> = examples.iter().map(|(thing, _)| 1.0 / sets(thing)).collect();
    let all: f64 = counts.iter().sum();
    let mut weights = [0.0; COLOR_SIGNS.len()];
    for _ in 0..STEPS_FIRST {
        let mut gradient: Signs = weights.map(|weight| RIDGE_FIRST * weight);
        for (((thing, _), place), count) in examples.iter().zip(&inputs).zip(&counts) {
            let sums =
                place.map(|signs| signs.iter().zip(&weights).map(|(sign, weight)| sign * weight).sum());
            let largest = sums.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let shares = sums.map(|sum: f64| (sum - largest).exp());
            let whole: f64 = shares.iter().sum();
            for (name, (signs, share)) in place.iter().zip(shares).enumerate() {
                let used = if is_among(&thing.main, name) { 1.0 / thing.main.len() as f64 } else { 0.0 };
                let error = count / all * (share / whole - used);
                for (part, sign) in gradient.iter_mut().zip(signs) {
                    *part += error * sign;
                }
            }
        }
        for (weight, part) in weights.iter_mut().zip(gradient) {
            *weight -= RATE_FIRST * part;
        }
    }
    std::array::from_fn(|sign| weights[sign] / deviation[sign])
}

/// How many sets of experts looked at a thing: three at clothes, one at others.
fn sets(thing: &Thing) -> f64 {
    let is_worn = thing.places.iter().flatten().flatten().any(|signs| signs[11] > 0.5);
    if is_worn { 3.0 } else { 1.0 }
}
