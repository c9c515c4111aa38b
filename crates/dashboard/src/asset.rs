//! The style sheet and the one script, part of the binary.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, X_CONTENT_TYPE_OPTIONS};

/// An answer that browsers keep for an hour.
type Asset = ([(HeaderName, &'static str); 3], &'static str);

pub(crate) async fn style() -> Asset {
    asset("text/css; charset=utf-8", include_str!("../assets/style.css"))
}

pub(crate) async fn script() -> Asset {
    asset("text/javascript; charset=utf-8", include_str!("../assets/live.js"))
}

fn asset(media: &'static str, content: &'static str) -> Asset {
    ([(CONTENT_TYPE, media), (CACHE_CONTROL, "max-age=3600"), (X_CONTENT_TYPE_OPTIONS, "nosniff")], content)
}
