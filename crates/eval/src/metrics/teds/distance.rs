//! The edit distance of ordered trees.

/// A tree whose nodes hold a value.
#[derive(Debug, Clone)]
pub(super) struct Tree<T> {
    pub(super) value: T,
    pub(super) children: Vec<Tree<T>>,
}

/// A tree in postorder, as the algorithm walks it.
struct Ordered<'t, T> {
    values: Vec<&'t T>,
    /// For each node the first leaf below it.
    first_leaf: Vec<usize>,
    /// The root, and every node that has a sibling to the left.
    key_roots: Vec<usize>,
}

impl<'t, T> Ordered<'t, T> {
    fn new(tree: &'t Tree<T>) -> Self {
        let mut ordered = Self { values: Vec::new(), first_leaf: Vec::new(), key_roots: Vec::new() };
        ordered.add(tree);
        let nodes = ordered.values.len();
        // Of the nodes that share a first leaf, the last in postorder is the highest.
        let mut seen = vec![false; nodes];
        for node in (0..nodes).rev() {
            let leaf = ordered.first_leaf[node];
            if !std::mem::replace(&mut seen[leaf], true) {
                ordered.key_roots.push(node);
            }
        }
        ordered.key_roots.reverse();
        ordered
    }

    fn add(&mut self, tree: &'t Tree<T>) -> usize {
        let leaves: Vec<usize> = tree.children.iter().map(|child| self.add(child)).collect();
        let place = self.values.len();
        let leaf = leaves.first().copied().unwrap_or(place);
        self.values.push(&tree.value);
        self.first_leaf.push(leaf);
        leaf
    }
}

/// The least cost of making one tree the other, where adding or taking out a node costs 1 and `rename` says what
/// changing one costs (Zhang and Shasha, "Simple fast algorithms for the editing distance between trees and related
/// problems", 1989).
#[expect(clippy::needless_range_loop, reason = "the places of two trees and two matrices go together")]
pub(super) fn tree_distance<T>(one: &Tree<T>, other: &Tree<T>, rename: impl Fn(&T, &T) -> f64) -> f64 {
    let (one, other) = (Ordered::new(one), Ordered::new(other));
    let (rows, columns) = (one.values.len(), other.values.len());
    let mut between = vec![vec![0.0_f64; columns]; rows];
    // Of forests: row and column 0 are the empty forest.
    let mut forest = vec![vec![0.0_f64; columns + 1]; rows + 1];
    for &root in &one.key_roots {
        for &other_root in &other.key_roots {
            let (start, other_start) = (one.first_leaf[root], other.first_leaf[other_root]);
            forest[0][0] = 0.0;
            for row in 1..=root + 1 - start {
                forest[row][0] = row as f64;
            }
            for column in 1..=other_root + 1 - other_start {
                forest[0][column] = column as f64;
            }
            for node in start..=root {
                for other_node in other_start..=other_root {
                    let (row, column) = (node + 1 - start, other_node + 1 - other_start);
                    let taken = forest[row - 1][column] + 1.0;
                    let added = forest[row][column - 1] + 1.0;
                    let whole = one.first_leaf[node] == start && other.first_leaf[other_node] == other_start;
                    let kept = if whole {
                        forest[row - 1][column - 1] + rename(one.values[node], other.values[other_node])
                    } else {
                        let before = one.first_leaf[node] - start;
                        let other_before = other.first_leaf[other_node] - other_start;
                        forest[before][other_before] + between[node][other_node]
                    };
                    let least = taken.min(added).min(kept);
                    forest[row][column] = least;
                    if whole {
                        between[node][other_node] = least;
                    }
                }
            }
        }
    }
    between[rows - 1][columns - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `a(b c)` and the like.
    fn tree(text: &str) -> Tree<char> {
        fn read(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Vec<Tree<char>> {
            let mut trees: Vec<Tree<char>> = Vec::new();
            while let Some(letter) = letters.next() {
                match letter {
                    '(' => trees.last_mut().unwrap().children = read(letters),
                    ')' => break,
                    value => trees.push(Tree { value, children: Vec::new() }),
                }
            }
            trees
        }
        read(&mut text.chars().peekable()).remove(0)
    }

    #[test]
    fn trees_are_as_far_apart_as_the_edits_between_them() {
        let distance = |one, other| {
            tree_distance(&tree(one), &tree(other), |one: &char, other: &char| f64::from(one != other))
        };
        assert_eq!(distance("f(d(ac(b))e)", "f(d(ac(b))e)"), 0.0);
        // The example of the paper: one node moves up.
        assert_eq!(distance("f(d(ac(b))e)", "f(c(d(ab))e)"), 2.0);
        assert_eq!(distance("a", "a(bcd)"), 3.0);
        assert_eq!(distance("a(bc)", "a(cb)"), 2.0);
        assert_eq!(distance("a(b)", "c(b)"), 1.0);
    }
}
