//! In which order nodes can run.

use super::check::CheckedNode;

/// The nodes, each after those that it needs, with their waves; or a cycle, its first node named again at the end.
/// Of nodes that could go first, the one written first does.
pub(super) fn in_order(nodes: Vec<CheckedNode>) -> Result<Vec<CheckedNode>, Vec<String>> {
    let mut left = nodes;
    let mut ordered: Vec<CheckedNode> = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let waits = |node: &CheckedNode, left: &[CheckedNode]| {
            node.needs.iter().any(|need| left.iter().any(|other| other.id == *need))
        };
        let Some(next) = (0..left.len()).find(|&index| !waits(&left[index], &left)) else {
            return Err(cycle(&left));
        };
        let mut node = left.remove(next);
        let needed = ordered.iter().filter(|before| node.needs.contains(&before.id));
        node.wave = needed.map(|before| before.wave).max().unwrap_or(0) + 1;
        ordered.push(node);
    }
    Ok(ordered)
}

/// Every node here waits for another one here: following that leads round.
fn cycle(left: &[CheckedNode]) -> Vec<String> {
    let mut path: Vec<&str> = vec![&left[0].id];
    loop {
        let current = path[path.len() - 1];
        let node = left.iter().find(|node| node.id == current);
        let next = node.and_then(|node| {
            node.needs.iter().find(|need| left.iter().any(|other| other.id == **need)).map(String::as_str)
        });
        let Some(next) = next else { return path.into_iter().map(str::to_owned).collect() };
        if let Some(start) = path.iter().position(|id| *id == next) {
            let mut round: Vec<String> = path[start..].iter().map(|id| (*id).to_owned()).collect();
            round.push(next.to_owned());
            return round;
        }
        path.push(next);
    }
}
