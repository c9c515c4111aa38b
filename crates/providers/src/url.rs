//! A link by its template: what all recipients of a mail have in common of it.

use domain::entry::LINK_BYTES_MAX;

use crate::identity::cut;
use crate::scrub::scrub;

/// The link without what identifies a recipient: scheme, host, path and the names of its parameters stay, and the values of
/// `utm_*`; user, other values and fragment go. Addresses are scrubbed. At most 512 bytes, cut between characters.
///
/// ```
/// # use providers::link_template;
/// let link = "https://example.com/offers?id=4711&utm_source=spring&mail=ada%40example.com#top";
/// assert_eq!(link_template(link), "https://example.com/offers?id=&utm_source=spring&mail=");
/// ```
pub fn link_template(url: &str) -> String {
    let url = url.trim();
    let url = url.split_once('#').map_or(url, |(before, _)| before);
    let (place, query) = url.split_once('?').map_or((url, None), |(place, query)| (place, Some(query)));
    let mut template = scrub(&without_user(place));
    if let Some(query) = query {
        let parameters: Vec<String> = query.split('&').map(parameter).collect();
        template.push('?');
        template.push_str(&parameters.join("&"));
    }
    cut(&template, LINK_BYTES_MAX).to_owned()
}

fn without_user(place: &str) -> String {
    let Some((scheme, rest)) = place.split_once("://") else { return place.to_owned() };
    let (host, path) = rest.find('/').and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, ""));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

fn parameter(words: &str) -> String {
    let Some((name, value)) = words.split_once('=') else { return scrub(words) };
    let plain = name.strip_prefix("amp;").unwrap_or(name);
    if plain.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("utm_")) {
        return format!("{}={}", scrub(name), scrub(value));
    }
    format!("{}=", scrub(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_two_recipients_have_one_template() {
        let link = |client: u8, mail: &str| {
            format!("https://u{client}:pw@example.com/a/{mail}/b?c={client}&UTM_Campaign=spring&flag#{client}")
        };
        assert_eq!(link_template(&link(1, "ada%40example.com")), link_template(&link(2, "bob@example.org")));
        assert_eq!(
            link_template(&link(1, "x@y.example")),
            "https://example.com/a/[address]/b?c=&UTM_Campaign=spring&flag"
        );
    }

    #[test]
    fn what_is_no_web_link_is_scrubbed() {
        assert_eq!(link_template("mailto:ada@example.com?subject=Hello"), "mailto:[address]?subject=");
        assert_eq!(link_template("?utm_term=ada@example.com"), "?utm_term=[address]");
        assert_eq!(link_template(""), "");
    }

    #[test]
    fn a_template_is_bounded_between_characters() {
        let long = link_template(&format!("https://example.com/{}", "ä".repeat(400)));
        assert!(long.len() <= LINK_BYTES_MAX && long.ends_with('ä'), "{} bytes", long.len());
    }
}
