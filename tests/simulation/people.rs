//! What a seed's platform says of people: preferences, interactions, addresses, names, contents, erasures.

use crate::random::Random;

/// Says one thing of one of the clients.
type Say = fn(&mut Random) -> String;

const KINDS: [Say; 9] = [preference, preference, preference, interaction, transaction, address, name, body, erase];

/// A kind of event about people.
pub(crate) fn any(random: &mut Random) -> Say {
    *random.pick(&KINDS)
}

fn client(random: &mut Random) -> usize {
    random.below(12)
}

/// A client's own address, or one of two that several clients share.
fn address_of(client: usize, random: &mut Random) -> String {
    if random.chance(60) { format!("k{client}@example.org") } else { format!("shared{}@example.org", random.below(2)) }
}

fn preference(random: &mut Random) -> String {
    let (client, subscribed) = (client(random), random.chance(45));
    let list = random.pick(&["", r#","list":"news""#]);
    let whose = match random.below(4) {
        0 => format!(r#""fromMessage":"m{client}""#),
        1 => format!(r#""client":"k{client}","fromMessage":"m{client}""#),
        2 => format!(r#""client":"k{client}""#),
        _ => format!(r#""address":"{}""#, address_of(client, random)),
    };
    format!(r#""preference":{{{whose},"subscribed":{subscribed}{list}}}"#)
}

fn interaction(random: &mut Random) -> String {
    format!(r#""interaction":{{"client":"k{}","kind":"login"}}"#, client(random))
}

fn transaction(random: &mut Random) -> String {
    format!(r#""transaction":{{"client":"k{}"}}"#, client(random))
}

fn address(random: &mut Random) -> String {
    let client = client(random);
    let word = random.pick(&["", r#","removed":true"#, r#","reactivated":true"#]);
    format!(r#""address":{{"client":"k{client}","address":"{}"{word}}}"#, address_of(client, random))
}

fn name(random: &mut Random) -> String {
    format!(r#""client":{{"client":"k{}","name":"Ada"}}"#, client(random))
}

fn body(random: &mut Random) -> String {
    let client = client(random);
    format!(r#""body":{{"client":"k{client}","message":"m{client}","text":"Dear Ada"}}"#)
}

fn erase(random: &mut Random) -> String {
    format!(r#""erase":{{"client":"k{}"}}"#, client(random))
}
