//! What self-contained pages have in common: they need no network, are read in light and in dark, and hold their data.

use serde_json::Value;

/// Rules of every page: colours, text, totals, buttons, tables.
const STYLE: &str = include_str!("page.css");

/// Buttons that move along a time-line; scripts go by `data-act`.
pub const ZOOM: &str = r#"<button type="button" data-act="in">zoom in</button><button type="button" data-act="out">zoom out</button><button type="button" data-act="left" aria-label="earlier">◀</button><button type="button" data-act="right" aria-label="later">▶</button><button type="button" data-act="all">all</button>"#;

/// A page.
#[derive(Clone, Copy, Debug)]
pub struct Page<'p> {
    /// As HTML; it stands above the page, too.
    pub title: &'p str,
    /// Rules of its own, after the common ones.
    pub style: &'p str,
    /// What stands below the title, as HTML.
    pub body: &'p str,
    /// What the script reads from the element `data`.
    pub data: &'p Value,
    /// What draws.
    pub script: &'p str,
}

impl Page<'_> {
    /// The file's text.
    #[must_use]
    pub fn html(&self) -> String {
        let Self { title, style, body, data, script } = self;
        // A script element ends at the first `</`, whatever it holds.
        let data = data.to_string().replace('<', "\\u003c");
        format!(
            r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title><style>{STYLE}{style}</style></head>
<body><main><h1>{title}</h1>
{body}</main><script type="application/json" id="data">{data}</script><script>{script}</script></body></html>
"#
        )
    }
}

/// Text as HTML.
#[must_use]
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Figures with their names, both as HTML, that stand at the top.
#[must_use]
pub fn totals<'t>(totals: impl IntoIterator<Item = (&'t str, String)>) -> String {
    let total = |(name, value): (&str, String)| format!("<div><dt>{name}</dt><dd>{value}</dd></div>");
    let all: String = totals.into_iter().map(total).collect();
    format!("<dl class=\"totals\">{all}</dl>\n")
}

/// A list under its heading, of lines that are text; nothing without lines.
#[must_use]
pub fn list(heading: &str, lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let items: String = lines.iter().map(|line| format!("<li>{}</li>", escape(line))).collect();
    format!("<h2>{heading}</h2><ul>{items}</ul>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_told_ends_an_element() {
        let told = "</script><b>";
        let data = serde_json::json!({ "told": told });
        let body = list("Names & lines", &[told.to_owned()]);
        let page = Page { title: &escape(told), style: "", body: &body, data: &data, script: "" };
        let html = page.html();
        assert_eq!(html.matches("</script>").count(), 2, "{html}");
        assert!(!html.contains("<b>"), "{html}");
        assert!(html.contains("<li>&lt;/script&gt;&lt;b&gt;</li>"), "{html}");
        assert_eq!(list("none", &[]), "");
    }

    #[test]
    fn totals_stand_in_their_order() {
        let totals = totals([("latency", "1 ms".to_owned()), ("energy", "2 mJ".to_owned())]);
        assert!(totals.contains("<dt>latency</dt><dd>1 ms</dd></div><div><dt>energy</dt>"), "{totals}");
    }
}
