//! Grouping pixels of like colour.

use crate::lab::Lab;

/// Rounds of k-means; the groups hardly move after a few.
const ROUNDS: usize = 8;

/// Groups colours: gives for each the number of its group, and the number of groups. At most `most`.
///
/// k-means whose first centres are, one after the other, the colours farthest from all before: the same input always
/// gives the same groups.
pub(crate) fn group(colors: &[Lab], most: usize) -> (Vec<usize>, usize) {
    let Some(&first) = colors.first() else { return (Vec::new(), 0) };
    let mut centers = vec![first];
    let mut distances: Vec<f32> = colors.iter().map(|color| color.squared_distance(first)).collect();
    while centers.len() < most {
        let Some((place, &farthest)) = distances.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)) else {
            break;
        };
        // Closer together than this they are one colour with noise.
        if farthest < 6.0 * 6.0 {
            break;
        }
        let center = colors[place];
        centers.push(center);
        for (distance, color) in distances.iter_mut().zip(colors) {
            *distance = distance.min(color.squared_distance(center));
        }
    }
    let mut groups = vec![0; colors.len()];
    for _ in 0..ROUNDS {
        for (group, color) in groups.iter_mut().zip(colors) {
            *group = nearest(&centers, *color);
        }
        let mut sums = vec![(Lab::default(), 0.0f32); centers.len()];
        for (&group, color) in groups.iter().zip(colors) {
            let (sum, count) = &mut sums[group];
            *sum = Lab { l: sum.l + color.l, a: sum.a + color.a, b: sum.b + color.b };
            *count += 1.0;
        }
        for (center, (sum, count)) in centers.iter_mut().zip(sums) {
            if count > 0.0 {
                *center = Lab { l: sum.l / count, a: sum.a / count, b: sum.b / count };
            }
        }
    }
    (groups, centers.len())
}

fn nearest(centers: &[Lab], color: Lab) -> usize {
    let mut best = (0, f32::INFINITY);
    for (place, center) in centers.iter().enumerate() {
        let distance = center.squared_distance(color);
        if distance < best.1 {
            best = (place, distance);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_colors_make_two_groups() {
        let red = Lab { l: 50.0, a: 70.0, b: 50.0 };
        let near_red = Lab { l: 52.0, a: 69.0, b: 50.0 };
        let blue = Lab { l: 30.0, a: 20.0, b: -60.0 };
        let (groups, count) = group(&[red, blue, near_red, blue], 10);
        assert_eq!((groups, count), (vec![0, 1, 0, 1], 2));
    }

    #[test]
    fn nothing_makes_no_group() {
        assert_eq!(group(&[], 5), (vec![], 0));
    }
}
