//! One page: where it goes, which keys are pressed, what it says.

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::watch::{self, Seen};
use crate::wire::{WATCHED, Wire, attach};

/// A key that does something of its own.
#[derive(Clone, Copy, Debug)]
pub enum Key {
    /// To what can be focused next.
    Tab,
    /// The same backwards.
    BackTab,
    /// Follows a link, presses a button, sends a form.
    Enter,
    /// Presses a button, opens details.
    Space,
}

impl Key {
    /// Name, code of Windows, text, and modifiers (8: shift).
    const fn facts(self) -> (&'static str, u32, &'static str, u32) {
        match self {
            Self::Tab => ("Tab", 9, "", 0),
            Self::BackTab => ("Tab", 9, "", 8),
            Self::Enter => ("Enter", 13, "\r", 0),
            Self::Space => (" ", 32, " ", 0),
        }
    }
}

/// A page in a context of its own.
pub struct Page {
    pub(crate) wire: Wire,
    frame: String,
}

impl Page {
    pub(crate) fn open(mut wire: Wire, target: &str) -> Result<Self> {
        wire.call("Page.enable", &json!({}))?;
        for method in WATCHED {
            wire.call(method, &json!({}))?;
        }
        wire.call("Page.setLifecycleEventsEnabled", &json!({ "enabled": true }))?;
        wire.call("Emulation.setFocusEmulationEnabled", &json!({ "enabled": true }))?;
        wire.call("Target.setAutoAttach", &attach())?;
        Ok(Self { wire, frame: target.to_owned() })
    }

    /// Goes to an address and waits until it is loaded.
    ///
    /// # Errors
    /// When nothing answers there.
    pub fn goto(&mut self, address: &str) -> Result<()> {
        let went = self.wire.call("Page.navigate", &json!({ "url": address }))?;
        if let Some(why) = went["errorText"].as_str().filter(|why| !why.is_empty()) {
            bail!("{address}: {why}");
        }
        // Without a loader it is the same document.
        let Some(loader) = went["loaderId"].as_str() else { return Ok(()) };
        self.loaded(|event| event["params"]["loaderId"] == loader)
    }

    /// Does something that leads to another page, and waits until that is loaded.
    ///
    /// # Errors
    /// When no other page comes.
    pub fn leads(&mut self, act: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let known: Vec<Value> = loads(self.wire.events(), &self.frame).map(loader).collect();
        act(self)?;
        self.loaded(|event| !known.contains(&loader(event)))
    }

    fn loaded(&mut self, is_it: impl Fn(&Value) -> bool) -> Result<()> {
        let frame = self.frame.clone();
        self.wire.until("the page", |event| is_load(event, &frame) && is_it(event))
    }

    /// What an expression comes to; a promise is waited for.
    ///
    /// # Errors
    /// When it throws.
    pub fn evaluate(&mut self, expression: &str) -> Result<Value> {
        let asked = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut made = self.wire.call("Runtime.evaluate", &asked)?;
        if let Some(thrown) = made.get("exceptionDetails") {
            bail!("{expression}: {thrown}");
        }
        Ok(made["result"]["value"].take())
    }

    /// What an expression that is a text comes to.
    ///
    /// # Errors
    /// When it throws or is none.
    pub fn text(&mut self, expression: &str) -> Result<String> {
        let made = self.evaluate(expression)?;
        made.as_str().map(str::to_owned).with_context(|| format!("{expression}: no text but {made}"))
    }

    /// The markup of every frame that is sealed off from the page, and so in a process of its own.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn framed(&mut self) -> Result<Vec<String>> {
        self.wire.framed()
    }

    /// Waits until an expression holds. Needs the page's scripts.
    ///
    /// # Errors
    /// When it does not come to hold.
    pub fn until(&mut self, expression: &str) -> Result<()> {
        let limit = crate::PATIENCE.as_millis() / 2;
        let asked = format!(
            "new Promise((is, never) => {{ const end = Date.now() + {limit}; const look = () => {{ \
             if ({expression}) is(); else if (Date.now() > end) never(new Error('it does not hold')); \
             else setTimeout(look, 10); }}; look(); }})"
        );
        self.evaluate(&asked).map(drop).with_context(|| expression.to_owned())
    }

    /// Presses a key.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn press(&mut self, key: Key) -> Result<()> {
        let (name, code, text, modifiers) = key.facts();
        let known = json!({ "key": name, "code": if name == " " { "Space" } else { name }, "windowsVirtualKeyCode": code, "modifiers": modifiers });
        let mut down = known.clone();
        down["type"] = if text.is_empty() { "rawKeyDown" } else { "keyDown" }.into();
        down["text"] = text.into();
        let mut up = known;
        up["type"] = "keyUp".into();
        self.wire.call("Input.dispatchKeyEvent", &down)?;
        self.wire.call("Input.dispatchKeyEvent", &up).map(drop)
    }

    /// Writes a text where the focus is.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn write(&mut self, text: &str) -> Result<()> {
        self.wire.call("Input.insertText", &json!({ "text": text })).map(drop)
    }

    /// Sends these headers with every request from now on.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn headers(&mut self, headers: &[(&str, &str)]) -> Result<()> {
        let headers: serde_json::Map<String, Value> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        self.wire.call("Network.setExtraHTTPHeaders", &json!({ "headers": headers })).map(drop)
    }

    /// Lets pages from now on run no script.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn without_scripts(&mut self) -> Result<()> {
        self.wire.call("Emulation.setScriptExecutionDisabled", &json!({ "value": true })).map(drop)
    }

    /// Shows pages in a window of this size, in pixels; a phone's below 500.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn size(&mut self, width: u32, height: u32) -> Result<()> {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.wire.call("Emulation.setDeviceMetricsOverride", &size).map(drop)
    }

    /// Shows pages as they are printed, or again as on a screen; dark or light.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn media(&mut self, print: bool, dark: bool) -> Result<()> {
        let scheme = if dark { "dark" } else { "light" };
        let media = json!({ "media": if print { "print" } else { "" }, "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.wire.call("Emulation.setEmulatedMedia", &media).map(drop)
    }

    /// The page as it would be printed, on A4.
    ///
    /// # Errors
    /// When the browser cannot print it.
    pub fn pdf(&mut self) -> Result<Vec<u8>> {
        let asked = json!({ "paperWidth": 8.27, "paperHeight": 11.69 });
        let made = self.wire.call("Page.printToPDF", &asked)?;
        Ok(STANDARD.decode(made["data"].as_str().context("a document")?)?)
    }

    /// A picture of the whole page, as PNG.
    ///
    /// # Errors
    /// When the browser cannot take it.
    pub fn picture(&mut self) -> Result<Vec<u8>> {
        let asked = json!({ "format": "png", "captureBeyondViewport": true });
        let made = self.wire.call("Page.captureScreenshot", &asked)?;
        Ok(STANDARD.decode(made["data"].as_str().context("a picture")?)?)
    }

    /// What pages did since this was asked last.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn seen(&mut self) -> Result<Seen> {
        self.wire.catch_up()?;
        Ok(watch::seen(&self.wire.take_events()))
    }
}

fn is_load(event: &Value, frame: &str) -> bool {
    event["method"] == "Page.lifecycleEvent" && event["params"]["name"] == "load" && event["params"]["frameId"] == frame
}

fn loads<'a>(events: &'a [Value], frame: &'a str) -> impl Iterator<Item = &'a Value> {
    events.iter().filter(move |event| is_load(event, frame))
}

fn loader(event: &Value) -> Value {
    event["params"]["loaderId"].clone()
}
