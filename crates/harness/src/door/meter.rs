//! Reads a model's answer on the side: the model, the tokens, whether it came to its end. It never holds a byte back.

use serde::Deserialize;

/// A line or a body longer than this is passed on unread.
const LONGEST: usize = 16 << 20;

/// What an answer has told so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) model: Option<String>,
    pub(super) input: Option<i64>,
    pub(super) cache_read: i64,
    pub(super) cache_creation: i64,
    pub(super) output: i64,
    /// Whether the answer came to its end.
    pub(super) is_whole: bool,
    /// The kind and words of an error inside the answer.
    pub(super) error: Option<(String, String)>,
}

impl Reading {
    pub(super) fn is_reported(&self) -> bool {
        self.input.is_some()
    }

    pub(super) fn tokens_in(&self) -> i64 {
        self.input.unwrap_or(0) + self.cache_read + self.cache_creation
    }

    fn take(&mut self, usage: &Tokens) {
        // A count in a stream is a running total, never an addition.
        self.input = usage.input_tokens.or(self.input);
        self.cache_read = usage.cache_read_input_tokens.unwrap_or(self.cache_read);
        self.cache_creation = usage
            .cache_creation_input_tokens
            .unwrap_or(self.cache_creation);
        self.output = usage.output_tokens.unwrap_or(self.output);
    }
}

#[derive(Deserialize)]
struct Tokens {
    input_tokens: Option<i64>,
    cache_read_input_tokens: Option<i64>,
    cache_creation_input_tokens: Option<i64>,
    output_tokens: Option<i64>,
}

#[derive(Deserialize)]
struct Message {
    model: Option<String>,
    usage: Option<Tokens>,
}

#[derive(Deserialize)]
struct Failure {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Frame {
    #[serde(rename = "type")]
    kind: String,
    message: Option<Message>,
    usage: Option<Tokens>,
    error: Option<Failure>,
}

/// In which form the answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Server-sent events.
    Events,
    /// One JSON text.
    Json,
    /// Nothing that is counted.
    Other,
}

/// Reads one answer.
#[derive(Debug)]
pub(super) struct Meter {
    form: Form,
    held: Vec<u8>,
    is_too_long: bool,
    reading: Reading,
}

impl Meter {
    pub(super) fn new(form: Form) -> Self {
        Self {
            form,
            held: Vec::new(),
            is_too_long: false,
            reading: Reading::default(),
        }
    }

    pub(super) fn reading(&self) -> &Reading {
        &self.reading
    }

    /// More of the answer.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        match self.form {
            Form::Events => {
                let mut rest = bytes;
                while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                    self.hold(&rest[..end]);
                    self.line();
                    rest = &rest[end + 1..];
                }
                self.hold(rest);
            }
            Form::Json => self.hold(bytes),
            Form::Other => {}
        }
    }

    /// The answer's bytes ended in order.
    pub(super) fn end(&mut self) {
        match self.form {
            Form::Events => self.line(),
            Form::Json => {
                if let Ok(message) = serde_json::from_slice::<Message>(&self.held) {
                    self.take(message);
                    self.reading.is_whole = true;
                } else {
                    self.reading.is_whole = self.is_too_long;
                }
            }
            Form::Other => self.reading.is_whole = true,
        }
    }

    fn hold(&mut self, bytes: &[u8]) {
        if self.held.len() + bytes.len() > LONGEST {
            self.is_too_long = true;
            self.held = Vec::new();
        }
        if !self.is_too_long {
            self.held.extend_from_slice(bytes);
        }
    }

    fn line(&mut self) {
        let line = std::mem::take(&mut self.held);
        if std::mem::take(&mut self.is_too_long) {
            return;
        }
        let Some(data) = line.strip_prefix(b"data:") else {
            return;
        };
        let Ok(frame) = serde_json::from_slice::<Frame>(data) else {
            return;
        };
        match frame.kind.as_str() {
            "message_start" => {
                if let Some(message) = frame.message {
                    self.take(message);
                }
            }
            "message_delta" => {
                if let Some(usage) = frame.usage {
                    self.reading.take(&usage);
                }
            }
            "message_stop" => self.reading.is_whole = true,
            "error" => {
                let error = frame.error.map(|error| (error.kind, error.message));
                self.reading.error = Some(error.unwrap_or_default());
            }
            _ => {}
        }
    }

    fn take(&mut self, message: Message) {
        self.reading.model = message.model;
        if let Some(usage) = message.usage {
            self.reading.take(&usage);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = concat!(
        "event: message_start\r\n",
        r#"data: {"type":"message_start","message":{"model":"m","usage":{"input_tokens":10,"cache_read_input_tokens":3,"cache_creation_input_tokens":4,"output_tokens":1}}}"#,
        "\r\n\r\n",
        "event: content_block_delta\n",
        r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"message_stop"}}"#,
        "\n\n",
        r#"data: {"type":"message_delta","delta":{},"usage":{"output_tokens":5}}"#,
        "\n\n",
        r#"data: {"type":"message_delta","delta":{},"usage":{"output_tokens":9}}"#,
        "\n\n",
        r#"data: {"type":"message_stop"}"#,
        "\n\n",
    );

    #[test]
    fn a_stream_reads_the_same_however_it_is_cut() {
        for size in [1, 7, 64, STREAM.len()] {
            let mut meter = Meter::new(Form::Events);
            for piece in STREAM.as_bytes().chunks(size) {
                meter.feed(piece);
            }
            let reading = meter.reading();
            assert_eq!(
                (
                    reading.model.as_deref(),
                    reading.tokens_in(),
                    reading.output,
                    reading.is_whole
                ),
                (Some("m"), 17, 9, true),
                "cut into pieces of {size}"
            );
        }
    }

    #[test]
    fn a_stream_without_its_last_word_is_not_whole() {
        let mut meter = Meter::new(Form::Events);
        let cut = STREAM.len() - 10;
        meter.feed(&STREAM.as_bytes()[..cut]);
        meter.end();
        assert_eq!(
            (meter.reading().output, meter.reading().is_whole),
            (9, false)
        );
    }
}
