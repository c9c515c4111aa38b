//! The DevTools protocol: commands and their answers, and the events between them, which are kept for who asks.

use std::net::TcpStream;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

use crate::PATIENCE;

/// A connection to a target and to what is attached to it.
pub(crate) struct Wire {
    socket: WebSocket<TcpStream>,
    last: u64,
    /// What came and nobody has taken.
    events: Vec<Value>,
    /// Sessions of frames in processes of their own.
    frames: Vec<Value>,
}

impl Wire {
    pub(crate) fn connect(address: &str) -> Result<Self> {
        let host = address.strip_prefix("ws://").and_then(|rest| rest.split('/').next()).context("an address")?;
        let stream = TcpStream::connect(host).with_context(|| format!("connect to {host}"))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let (socket, _) = tungstenite::client(address, stream).map_err(|why| anyhow!("{address}: {why}"))?;
        Ok(Self { socket, last: 0, events: Vec::new(), frames: Vec::new() })
    }

    /// Sends a command and waits for what it comes to.
    pub(crate) fn call(&mut self, method: &str, parameters: &Value) -> Result<Value> {
        let id = self.send(method, parameters, None)?;
        let mut answer = self.answer(id).with_context(|| method.to_owned())?;
        match answer.get("error") {
            Some(error) => bail!("{method}: {error}"),
            None => Ok(answer["result"].take()),
        }
    }

    /// Waits until everything has been told that happened until now, in the page and in its frames.
    pub(crate) fn catch_up(&mut self) -> Result<()> {
        self.call("Page.getFrameTree", &json!({}))?;
        // An answer comes after what its session told before; one that has ended meanwhile answers with an error.
        for session in self.frames.clone() {
            let id = self.send("Page.getFrameTree", &json!({}), Some(&session))?;
            self.answer(id)?;
        }
        Ok(())
    }

    /// The markup of every frame in a process of its own.
    pub(crate) fn framed(&mut self) -> Result<Vec<String>> {
        let mut all = Vec::new();
        for session in self.frames.clone() {
            let id = self.send("DOM.getDocument", &json!({}), Some(&session))?;
            let root = self.answer(id)?["result"]["root"]["nodeId"].take();
            let id = self.send("DOM.getOuterHTML", &json!({ "nodeId": root }), Some(&session))?;
            all.extend(self.answer(id)?["result"]["outerHTML"].as_str().map(str::to_owned));
        }
        Ok(all)
    }

    fn answer(&mut self, id: u64) -> Result<Value> {
        loop {
            let message = self.read()?;
            if message["id"].as_u64() == Some(id) {
                return Ok(message);
            }
            self.take_in(message)?;
        }
    }

    /// Reads until an event is as wanted, which may have come already. Events stay where they are.
    pub(crate) fn until(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Result<()> {
        let begun = Instant::now();
        while !self.events.iter().any(&wanted) {
            if begun.elapsed() > PATIENCE {
                bail!("{what} did not come");
            }
            let message = self.read().with_context(|| what.to_owned())?;
            self.take_in(message)?;
        }
        Ok(())
    }

    /// Events that came so far.
    pub(crate) fn take_events(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.events)
    }

    pub(crate) fn events(&self) -> &[Value] {
        &self.events
    }

    fn send(&mut self, method: &str, parameters: &Value, session: Option<&Value>) -> Result<u64> {
        self.last += 1;
        let mut command = json!({ "id": self.last, "method": method, "params": parameters });
        if let Some(session) = session {
            command["sessionId"] = session.clone();
        }
        self.socket.send(Message::text(command.to_string()))?;
        Ok(self.last)
    }

    fn read(&mut self) -> Result<Value> {
        loop {
            match self.socket.read()? {
                Message::Text(text) => return Ok(serde_json::from_str(text.as_str())?),
                Message::Close(_) => bail!("the browser closed the connection"),
                _ => {}
            }
        }
    }

    /// Keeps an event. A dialog is answered, for nothing goes on before; a frame in a process of its own is watched from its
    /// first request on.
    fn take_in(&mut self, message: Value) -> Result<()> {
        let session = message.get("sessionId");
        match message["method"].as_str() {
            Some("Page.javascriptDialogOpening") => {
                self.send("Page.handleJavaScriptDialog", &json!({ "accept": true }), session)?;
            }
            Some("Target.attachedToTarget") => {
                let session = message["params"]["sessionId"].clone();
                for method in WATCHED {
                    self.send(method, &json!({}), Some(&session))?;
                }
                self.send("Target.setAutoAttach", &attach(), Some(&session))?;
                self.send("Runtime.runIfWaitingForDebugger", &json!({}), Some(&session))?;
                self.frames.push(session);
            }
            Some("Target.detachedFromTarget") => {
                let session = &message["params"]["sessionId"];
                self.frames.retain(|known| known != session);
            }
            Some(_) => {}
            None => return Ok(()),
        }
        self.events.push(message);
        Ok(())
    }
}

/// What is listened to, of a page and of each of its frames.
pub(crate) const WATCHED: [&str; 3] = ["Network.enable", "Runtime.enable", "Log.enable"];

/// Frames in processes of their own wait until they are watched.
pub(crate) fn attach() -> Value {
    json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true })
}
