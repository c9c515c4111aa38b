//! The style sheet, the one script and the icon, part of the binary. A page names each by what is in it, so that a browser keeps it for
//! ever and yet never has an old one.

use std::sync::LazyLock;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};

/// A file, its media type, and the beginning of its hash.
pub(crate) struct Asset {
    path: &'static str,
    media: &'static str,
    content: &'static str,
    tag: String,
}

/// The style sheet.
pub(crate) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("/assets/style.css", "text/css; charset=utf-8", include_str!("../assets/style.css")));

/// The script.
pub(crate) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("/assets/live.js", "text/javascript; charset=utf-8", include_str!("../assets/live.js"))
});

/// The icon of the site: without one a browser asks for one that is not there.
pub(crate) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("/assets/icon.svg", "image/svg+xml", include_str!("../assets/icon.svg")));

pub(crate) async fn icon(headers: HeaderMap, address: Uri) -> Response {
    ICON.answer(&headers, &address)
}

pub(crate) async fn style(headers: HeaderMap, address: Uri) -> Response {
    STYLE.answer(&headers, &address)
}

pub(crate) async fn script(headers: HeaderMap, address: Uri) -> Response {
    SCRIPT.answer(&headers, &address)
}

impl Asset {
    fn new(path: &'static str, media: &'static str, content: &'static str) -> Self {
        let hash = contract::json::hex(&Sha256::digest(content));
        Self { path, media, content, tag: hash.chars().take(16).collect() }
    }

    /// Its address in pages of this build.
    pub(crate) fn address(&self) -> String {
        format!("{}?v={}", self.path, self.tag)
    }

    fn answer(&self, headers: &HeaderMap, address: &Uri) -> Response {
        let tag = format!("\"{}\"", self.tag);
        // Under the name of another build it is asked for again next time.
        let is_this = address.query() == Some(&format!("v={}", self.tag));
        let kept = if is_this { "public, max-age=31536000, immutable" } else { "no-cache" };
        let own = [(ETAG, tag.as_str()), (CACHE_CONTROL, kept), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
        if headers.get(IF_NONE_MATCH).is_some_and(|known| known == tag.as_str()) {
            return (StatusCode::NOT_MODIFIED, own).into_response();
        }
        (own, [(CONTENT_TYPE, self.media)], self.content).into_response()
    }
}
