//! A TCP proxy that knows Kafka's frames: it holds, drops and delays single requests, as it is told. Clients are told its port by
//! the broker itself (`advertised.listeners`), so nothing is rewritten.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Keys of requests (Kafka's protocol guide).
pub(crate) const PRODUCE: i16 = 0;
pub(crate) const JOIN_GROUP: i16 = 11;
pub(crate) const ADD_OFFSETS: i16 = 25;
pub(crate) const END_TXN: i16 = 26;
pub(crate) const TXN_OFFSET_COMMIT: i16 = 28;

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// It is kept, and its connection ends; it reaches the broker with the answer to the next Produce, before the client knows that.
    Hold,
    /// It never arrives, and its connection ends.
    Drop,
    /// It arrives, its answer does not, and its connection ends.
    DropAnswer,
    /// It arrives, its answer does not, and its connection stays.
    Swallow,
    /// It arrives late.
    Delay(Duration),
}

/// What is planned, and what was done.
#[derive(Default)]
struct Plan {
    /// For the next request of this key.
    next: Option<(i16, Act)>,
    /// A request that was held.
    held: Option<Vec<u8>>,
    done: BTreeMap<(i16, &'static str), usize>,
    /// Of held requests that arrived: those that the broker took, and those that it refused.
    late: (usize, usize),
}

/// The proxy of one broker.
pub(crate) struct Proxy {
    plan: Arc<Mutex<Plan>>,
    to: Arc<Mutex<Option<u16>>>,
    pub(crate) port: u16,
}

impl Proxy {
    /// Listens; where to is told later.
    pub(crate) fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (plan, to) = (Arc::<Mutex<Plan>>::default(), Arc::<Mutex<Option<u16>>>::default());
        let (plans, upstream) = (Arc::clone(&plan), Arc::clone(&to));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Some(port) = *upstream.lock().unwrap() else { continue };
                // A broker that is not there yet is a client's to try again.
                let Ok(broker) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                connect(&client, &broker, port, &plans);
            }
        });
        Self { plan, to, port }
    }

    /// The broker's own port.
    pub(crate) fn forward(&self, port: u16) {
        *self.to.lock().unwrap() = Some(port);
    }

    /// What happens to the next request of this key.
    pub(crate) fn next(&self, key: i16, act: Act) {
        self.plan.lock().unwrap().next = Some((key, act));
    }

    /// How often something was done to requests of a key.
    pub(crate) fn done(&self, key: i16) -> usize {
        self.plan.lock().unwrap().done.iter().filter(|((of, _), _)| *of == key).map(|(_, count)| count).sum()
    }

    /// Of held requests that arrived: those that the broker took, and those that it refused.
    pub(crate) fn late(&self) -> (usize, usize) {
        self.plan.lock().unwrap().late
    }
}

/// One connection: two threads, each of which ends both ways when its own ends.
fn connect(client: &TcpStream, broker: &TcpStream, port: u16, plan: &Arc<Mutex<Plan>>) {
    let link = || Link {
        client: client.try_clone().unwrap(),
        broker: broker.try_clone().unwrap(),
        port,
        plan: Arc::clone(plan),
        marks: Arc::default(),
    };
    let there = link();
    let back = Link { marks: Arc::clone(&there.marks), ..link() };
    there.client.set_nodelay(true).unwrap();
    there.broker.set_nodelay(true).unwrap();
    std::thread::spawn(move || {
        while there.pass_request().is_some() {}
        there.cut();
    });
    std::thread::spawn(move || {
        while back.pass_answer().is_some() {}
        back.cut();
    });
}

/// What is to be done with an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// It is of a Produce: what is held goes first.
    Produce,
    /// It is dropped, and the connection ends.
    Drop,
    /// It is dropped.
    Swallow,
}

struct Link {
    client: TcpStream,
    broker: TcpStream,
    port: u16,
    plan: Arc<Mutex<Plan>>,
    /// By correlation id.
    marks: Arc<Mutex<BTreeMap<i32, Mark>>>,
}

impl Link {
    /// The next request to the broker; nothing when the connection ends.
    fn pass_request(&self) -> Option<()> {
        let frame = frame(&self.client)?;
        let key = i16::from_be_bytes(frame.get(4..6)?.try_into().ok()?);
        let id = i32::from_be_bytes(frame.get(8..12)?.try_into().ok()?);
        match self.plan.lock().unwrap().decide(key, &frame) {
            Some(Act::Hold | Act::Drop) => return None,
            Some(Act::DropAnswer) => drop(self.marks.lock().unwrap().insert(id, Mark::Drop)),
            Some(Act::Swallow) => drop(self.marks.lock().unwrap().insert(id, Mark::Swallow)),
            Some(Act::Delay(time)) => std::thread::sleep(time),
            None if key == PRODUCE => drop(self.marks.lock().unwrap().insert(id, Mark::Produce)),
            None => {}
        }
        (&self.broker).write_all(&frame).ok()
    }

    /// The next answer to the client.
    fn pass_answer(&self) -> Option<()> {
        let frame = frame(&self.broker)?;
        let id = i32::from_be_bytes(frame.get(4..8)?.try_into().ok()?);
        match self.marks.lock().unwrap().remove(&id) {
            Some(Mark::Drop) => return None,
            Some(Mark::Swallow) => return Some(()),
            Some(Mark::Produce) => self.release(),
            None => {}
        }
        (&self.client).write_all(&frame).ok()
    }

    /// Sends what is held by a connection of its own, and waits for the broker's word on it.
    fn release(&self) {
        let mut plan = self.plan.lock().unwrap();
        let Some(held) = plan.held.take() else { return };
        let broker = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        (&broker).write_all(&held).unwrap();
        let answer = frame(&broker).unwrap();
        // Size, correlation id, throttle time, error: versions without tagged fields, which librdkafka sends.
        let error = i16::from_be_bytes(answer[12..14].try_into().unwrap());
        if error == 0 {
            plan.late.0 += 1;
        } else {
            plan.late.1 += 1;
        }
    }

    fn cut(&self) {
        // Whichever thread is second finds it done.
        self.client.shutdown(Shutdown::Both).ok();
        self.broker.shutdown(Shutdown::Both).ok();
    }
}

impl Plan {
    fn decide(&mut self, key: i16, frame: &[u8]) -> Option<Act> {
        let (_, act) = self.next.take_if(|(of, _)| *of == key)?;
        let word = match act {
            Act::Hold => {
                self.held = Some(frame.to_vec());
                "held"
            }
            Act::Drop => "dropped",
            Act::DropAnswer => "answer dropped",
            Act::Swallow => "answer swallowed",
            Act::Delay(_) => "delayed",
        };
        *self.done.entry((key, word)).or_default() += 1;
        Some(act)
    }
}

/// A frame with its size before it; nothing when the connection has ended.
fn frame(mut from: &TcpStream) -> Option<Vec<u8>> {
    let mut size = [0; 4];
    from.read_exact(&mut size).ok()?;
    let mut frame = size.to_vec();
    frame.resize(4 + usize::try_from(u32::from_be_bytes(size)).ok()?, 0);
    from.read_exact(frame.get_mut(4..)?).ok()?;
    Some(frame)
}
