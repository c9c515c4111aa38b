//! What a receiving server's answer says of an address, by its codes: enhanced (RFC 3463) before reply (RFC 5321).

use domain::BounceClass;

/// The class of a final refusal in these words. None when no code that tells stands in them. A temporary code means that
/// the attempts were given up.
pub(crate) fn refusal(words: &str) -> Option<BounceClass> {
    let tokens = || words.split(|character: char| !character.is_ascii_digit() && character != '.');
    tokens().find_map(enhanced).or_else(|| tokens().find_map(reply))
}

/// Of a code such as `5.1.1`. An address of four parts is none.
fn enhanced(token: &str) -> Option<BounceClass> {
    let mut parts =
        token.trim_end_matches('.').split('.').map(|part| part.parse::<u16>().ok().filter(|_| part.len() <= 3));
    let code = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() {
        return None;
    }
    match code {
        (4, ..) => Some(BounceClass::Soft),
        (5, 1, 7 | 8) | (5, 6 | 7, _) => Some(BounceClass::Block),
        (5, 1, _) | (5, 2, 1) | (5, 4, 1 | 4 | 310) => Some(BounceClass::Hard),
        (5, 2, 2..=4) | (5, 3, 1..) | (5, 4, _) => Some(BounceClass::Soft),
        _ => None,
    }
}

/// Of a reply code such as `550`.
fn reply(token: &str) -> Option<BounceClass> {
    let token = token.trim_end_matches('.');
    match (token.len(), token.parse::<u16>().ok()?) {
        (3, 400..=499 | 552) => Some(BounceClass::Soft),
        (3, 521 | 550 | 551 | 553 | 556) => Some(BounceClass::Hard),
        (3, 554 | 571) => Some(BounceClass::Block),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_tell_the_class() {
        let cases = [
            ("550 5.1.1 The email account does not exist", Some(BounceClass::Hard)),
            ("bounced (550 5.1.1 ... - gsmtp)", Some(BounceClass::Hard)),
            ("550-5.7.26 Unauthenticated email", Some(BounceClass::Block)),
            ("554 5.2.2 Mailbox full.", Some(BounceClass::Soft)),
            ("552 too much mail", Some(BounceClass::Soft)),
            ("550 5.5.0 mailbox unavailable", Some(BounceClass::Hard)),
            ("554 Message refused by 192.0.2.1", Some(BounceClass::Block)),
            ("421 4.7.0 [TSS04] deferred - 4.16.55.1", Some(BounceClass::Soft)),
            ("status 5.4.4. no route", Some(BounceClass::Hard)),
            ("553 5.1.8 sender has no MX", Some(BounceClass::Block)),
            ("250 2.0.0 OK", None),
            ("host 10.5.1.1 said no, 5501 times", None),
            ("server output", None),
            ("", None),
        ];
        for (words, expected) in cases {
            assert_eq!(refusal(words), expected, "{words}");
        }
    }
}
