//! As much of Kafka's protocol as it takes to know that a broker serves: it answers a Metadata request with every broker
//! of the cluster. Versions without compact fields, which brokers keep for old clients.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::secrets::Secrets;

const METADATA: (i16, i16) = (3, 1);
const SASL_HANDSHAKE: (i16, i16) = (17, 1);
const SASL_AUTHENTICATE: (i16, i16) = (36, 0);

/// How long a broker may think.
const PATIENCE: Duration = Duration::from_secs(5);

/// A frame larger than this is not an answer to what is asked here.
const ANSWER_BYTES_MAX: usize = 1 << 20;

type Said<T> = std::result::Result<T, String>;

/// The numbers of the brokers that the broker at a port sees alive.
pub(crate) fn brokers(port: u16, secrets: Option<&Secrets>) -> Said<Vec<i32>> {
    match secrets {
        None => {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            let stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(words)?;
            stream.set_read_timeout(Some(PATIENCE)).map_err(words)?;
            ask_metadata(&mut &stream, &mut &stream)
        }
        Some(secrets) => {
            let mut tls = tls(port, secrets)?;
            let (Some(mut to), Some(mut from)) = (tls.stdin.take(), tls.stdout.take()) else {
                return Err("openssl: no pipes".to_owned());
            };
            let answer = authenticate(&mut to, &mut from, secrets).and_then(|()| ask_metadata(&mut to, &mut from));
            drop(to);
            // It ends by itself at the latest with its patience.
            tls.wait().map_err(words)?;
            answer
        }
    }
}

/// TLS by openssl's own client, which pipes; it checks the broker's certificate and name.
fn tls(port: u16, secrets: &Secrets) -> Said<Child> {
    let mut command = Command::new("timeout");
    command.arg(PATIENCE.as_secs().to_string()).args(["openssl", "s_client", "-quiet", "-verify_return_error"]);
    command.args(["-verify_ip", "127.0.0.1", "-connect", &format!("127.0.0.1:{port}"), "-CAfile"]);
    command.arg(secrets.authority()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn().map_err(|error| format!("openssl: {error}: install Debian's openssl"))
}

fn authenticate(to: &mut impl Write, from: &mut impl Read, secrets: &Secrets) -> Said<()> {
    let answer = exchange(to, from, SASL_HANDSHAKE, &string("PLAIN"))?;
    no_error(&mut Fields(&answer))?;
    let token = format!("\0{}\0{}", crate::secrets::ADMIN, secrets.password(crate::secrets::ADMIN)?);
    let body = [&(token.len() as i32).to_be_bytes()[..], token.as_bytes()].concat();
    no_error(&mut Fields(&exchange(to, from, SASL_AUTHENTICATE, &body)?))
}

fn ask_metadata(to: &mut impl Write, from: &mut impl Read) -> Said<Vec<i32>> {
    let no_topics = 0_i32.to_be_bytes();
    parse_metadata(&exchange(to, from, METADATA, &no_topics)?)
}

fn parse_metadata(body: &[u8]) -> Said<Vec<i32>> {
    let mut fields = Fields(body);
    let count = fields.int32()?;
    (0..count)
        .map(|_| {
            let number = fields.int32()?;
            fields.string()?;
            fields.int32()?;
            fields.string()?;
            Ok(number)
        })
        .collect()
}

/// Sends a request and reads its answer, without the correlation id.
fn exchange(to: &mut impl Write, from: &mut impl Read, (key, version): (i16, i16), body: &[u8]) -> Said<Vec<u8>> {
    to.write_all(&frame(key, version, body)).and_then(|()| to.flush()).map_err(words)?;
    let mut size = [0; 4];
    from.read_exact(&mut size).map_err(words)?;
    let size = usize::try_from(i32::from_be_bytes(size)).ok().filter(|size| (4..=ANSWER_BYTES_MAX).contains(size));
    let mut answer = vec![0; size.ok_or("not an answer of Kafka's")?];
    from.read_exact(&mut answer).map_err(words)?;
    Ok(answer.split_off(4))
}

fn frame(key: i16, version: i16, body: &[u8]) -> Vec<u8> {
    let correlation = 1_i32.to_be_bytes();
    let request =
        [&key.to_be_bytes()[..], &version.to_be_bytes(), &correlation, &string("mailtally-probe"), body].concat();
    [&(request.len() as i32).to_be_bytes()[..], &request].concat()
}

fn string(text: &str) -> Vec<u8> {
    [&(text.len() as i16).to_be_bytes()[..], text.as_bytes()].concat()
}

fn no_error(fields: &mut Fields<'_>) -> Said<()> {
    match i16::from_be_bytes(fields.take::<2>()?) {
        0 => Ok(()),
        code => Err(format!("error {code} of Kafka's")),
    }
}

fn words(error: std::io::Error) -> String {
    error.to_string()
}

/// The rest of an answer.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Said<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or("an answer that ends early")?;
        self.0 = rest;
        Ok(*head)
    }

    fn int32(&mut self) -> Said<i32> {
        self.take::<4>().map(i32::from_be_bytes)
    }

    /// Skips a string; -1 is none.
    fn string(&mut self) -> Said<()> {
        let length = i16::from_be_bytes(self.take::<2>()?).max(0);
        self.0 = self.0.get(usize::from(length.unsigned_abs())..).ok_or("an answer that ends early")?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_framed_as_kafka_wants_it() {
        let frame = frame(3, 1, &[0, 0, 0, 0]);
        assert_eq!(frame[..4], (frame.len() as i32 - 4).to_be_bytes());
        assert_eq!(frame[4..14], [0, 3, 0, 1, 0, 0, 0, 1, 0, 15]);
        assert_eq!(&frame[14..29], b"mailtally-probe");
        assert_eq!(frame[29..], [0; 4]);
    }

    #[test]
    fn brokers_are_read_from_an_answer_and_a_torn_one_is_refused() {
        let broker = |number: i32| [&number.to_be_bytes()[..], &string("h"), &9_i32.to_be_bytes(), &[0xff; 2]].concat();
        let answer = [&2_i32.to_be_bytes()[..], &broker(1), &broker(7), &[0; 8]].concat();
        assert_eq!(parse_metadata(&answer), Ok(vec![1, 7]));
        for end in 0..4 + 2 * broker(1).len() {
            assert!(parse_metadata(&answer[..end]).is_err(), "{end}");
        }
    }
}
