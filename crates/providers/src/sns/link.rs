//! Which links in an SNS message lead to Amazon: a pinned form, read strictly, so that no trick with users, ports or encodings makes
//! another host of it.

const CERTIFICATE: (&str, &str) = ("SimpleNotificationService-", ".pem");
const CONFIRMATION: &str = "?Action=ConfirmSubscription&";

/// `https://sns.<region>.amazonaws.com[.cn]/SimpleNotificationService-<letters and digits>.pem`.
pub(super) fn is_certificate(url: &str) -> bool {
    let (start, end) = CERTIFICATE;
    let name = path(url).and_then(|path| path.strip_prefix(start)?.strip_suffix(end));
    name.is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

/// `https://sns.<region>.amazonaws.com[.cn]/?Action=ConfirmSubscription&...`.
pub(super) fn is_confirmation(url: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'\\' | b'@');
    path(url).and_then(|path| path.strip_prefix(CONFIRMATION)).is_some_and(|query| query.bytes().all(plain))
}

/// What follows the first slash behind a host of SNS.
fn path(url: &str) -> Option<&str> {
    let (host, path) = url.strip_prefix("https://sns.")?.split_once('/')?;
    let region = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
    let of_region = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (!region.is_empty() && region.bytes().all(of_region)).then_some(path)
}
