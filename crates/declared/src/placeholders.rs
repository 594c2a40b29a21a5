//! `${NAME}`: values of our environment in a declaration. What comes from there is a secret.

use lavr_types::Secret;

/// The text with each `${NAME}` replaced by the value of that variable, or the name of one that is not set.
pub(crate) fn expanded(text: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<Secret, String> {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, after)) = after.split_once('}') else { break };
        out.push_str(before);
        out.push_str(&lookup(name).ok_or_else(|| name.to_owned())?);
        rest = after;
    }
    out.push_str(rest);
    Ok(Secret::new(out))
}

/// The values that stand behind the placeholders of a text: what no message may show.
pub(crate) fn secrets(text: &str, lookup: impl Fn(&str) -> Option<String>) -> Vec<Secret> {
    let names = text.split("${").skip(1).filter_map(|piece| piece.split_once('}')).map(|(name, _)| name);
    names.filter_map(lookup).filter(|value| !value.is_empty()).map(Secret::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Option<String> {
        (name == "TOKEN").then(|| "t0p".to_owned())
    }

    #[test]
    fn variables_are_put_in_and_missing_ones_named() {
        assert_eq!(expanded("Bearer ${TOKEN}, ${TOKEN}!", lookup).unwrap().reveal(), "Bearer t0p, t0p!");
        assert_eq!(expanded("$TOKEN {TOKEN} ${TOKEN", lookup).unwrap().reveal(), "$TOKEN {TOKEN} ${TOKEN");
        assert_eq!(expanded("${KEY}", lookup), Err("KEY".to_owned()));
        assert_eq!(secrets("a ${TOKEN} b", lookup), [Secret::new("t0p")]);
    }
}
