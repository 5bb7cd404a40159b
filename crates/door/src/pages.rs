//! The pages of help, as `cargo xtask codegen` writes them from the verbs' own definitions.

/// The short page of all verbs.
pub const SHORT: &str = "-h";

/// The page of all verbs; after a verb's name and a space, the verb's.
pub const LONG: &str = "--help";

/// Each page after a line with [`MARK`] and the arguments that ask for it.
const PAGES: &str = include_str!("../help.txt");

const MARK: &str = "==== ";

/// The page that these arguments ask for, by its name, if they ask for one that is here and for nothing else.
pub fn asked_for(words: &[&str]) -> Option<String> {
    let name = match words {
        ["help"] => LONG.to_owned(),
        ["help", verb] => format!("{verb} {LONG}"),
        words => words.join(" "),
    };
    find(&name).is_some().then_some(name)
}

/// A page, by the arguments that ask for it.
pub fn find(name: &str) -> Option<&'static str> {
    PAGES.split(MARK).find_map(|page| page.strip_prefix(name)?.strip_prefix('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_asked_for_in_several_ways() {
        assert_eq!(asked_for(&["help"]).as_deref(), Some("--help"));
        assert_eq!(asked_for(&["-h"]).as_deref(), Some(SHORT));
        assert_eq!(asked_for(&["help", "run"]).as_deref(), Some("run --help"));
        assert_eq!(asked_for(&["run", "-h"]).as_deref(), Some("run -h"));
        for other in
            [&["run"][..], &["rum", "--help"], &["run", "--help", "x"], &["help", "run", "x"], &["help", ""]]
        {
            assert_eq!(asked_for(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_page_ends_where_the_next_begins() {
        let page = find("run --help").unwrap();
        assert!(page.contains("Usage: cargo xtask run") && !page.contains(MARK));
        assert!(find("--help").unwrap().lines().any(|line| line.trim_start().starts_with("profile ")));
    }
}
