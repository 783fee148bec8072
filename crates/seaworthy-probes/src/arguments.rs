//! What the words of a command line assign to names.

/// The name of a word that stands alone; of such words only a URL can hold a secret by its own look.
const NAMELESS: &str = "a URL";

/// Names and values: of `--name=value`, `--name value` and `NAME=value`; any other word stands alone, for it may be a URL.
/// A word behind a flag is told twice where it assigns something itself: `-e NAME=value`.
pub(crate) fn assigned(arguments: &[String]) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut taken = None;
    for (index, argument) in arguments.iter().enumerate().filter(|(_, argument)| !argument.is_empty()) {
        if taken == Some(index) {
            continue;
        }
        let flag = argument.starts_with('-');
        let bare = argument.trim_start_matches('-');
        match argument.split_once('=') {
            Some((name, value)) if !name.contains("://") => {
                pairs.push((name.trim_start_matches('-').to_owned(), value.to_owned()));
            }
            _ if flag => {
                let next = arguments.get(index + 1).filter(|next| !next.starts_with('-'));
                taken = next.filter(|next| !next.contains('=')).map(|_| index + 1);
                pairs.extend(next.map(|next| (bare.to_owned(), next.clone())));
            }
            _ => pairs.push((NAMELESS.to_owned(), argument.clone())),
        }
    }
    pairs
}

/// The words of a line as a shell would part them, those inside of a quoted command as well: `sh -c 'serve --token x'`.
pub(crate) fn words(line: &str) -> Vec<String> {
    let apart = line.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '&' | '|'));
    apart.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::{assigned, words};

    #[test]
    fn each_way_to_assign_is_seen() {
        let told = assigned(&words(
            "env TOKEN=a serve --password=b --key c --on postgres://u:p@h -- 'redis-server --requirepass d'",
        ));
        let has = |name: &str, value: &str| told.contains(&(name.to_owned(), value.to_owned()));
        assert!(has("TOKEN", "a") && has("password", "b") && has("key", "c") && has("requirepass", "d"));
        assert!(has("on", "postgres://u:p@h"));
        let told = assigned(&words("docker run -e DB_PASSWORD=x --secret Zm9v== redis://:p@h"));
        let has = |name: &str, value: &str| told.contains(&(name.to_owned(), value.to_owned()));
        assert!(has("DB_PASSWORD", "x") && has("secret", "Zm9v==") && has("a URL", "redis://:p@h"));
        assert!(assigned(&words("")).is_empty());
    }
}
