//! The Anthropic Messages API on the wire.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Answer, Ask, Frame, Operation, frame, step_of, tool_id};
use crate::prompt;
use crate::text::cut;

/// What stands for a signature under a thinking; engines give it back unread.
const SIGNATURE: &str = "c2lnbmF0dXJl";

pub(super) fn find(path: &str) -> Option<(Operation, &str)> {
    if let Some(prefix) = path.strip_suffix("/v1/messages") {
        return Some((Operation::Answer, prefix));
    }
    let prefix = path.strip_suffix("/v1/messages/count_tokens")?;
    Some((Operation::Count, prefix))
}

pub(super) fn ask(body: &Value) -> Ask {
    let (mut users, mut step) = (Vec::new(), 0);
    let mut said: Vec<String> = texts(&body["system"]).map(str::to_owned).collect();
    for message in list(&body["messages"]) {
        let content = &message["content"];
        said.extend(texts(content).map(str::to_owned));
        if message["role"] == "user" {
            // One text per block: an engine merges a prompt with the one that was aborted before it.
            let real: Vec<String> = texts(content).filter_map(prompt::real).collect();
            if !real.is_empty() {
                users.extend(real);
                step = 0;
            }
            continue;
        }
        for block in list(content).filter(|block| block["type"] == "tool_use") {
            step = step.max(step_of(block["id"].as_str().unwrap_or_default()) + 1);
        }
    }
    let tools = list(&body["tools"]).filter_map(|tool| tool["name"].as_str());
    let schema = [
        &body["output_config"]["format"]["schema"],
        &body["output_format"]["schema"],
    ];
    Ask {
        model: body["model"].as_str().unwrap_or_default().to_owned(),
        stream: body["stream"] == true,
        max_tokens: body["max_tokens"].as_u64(),
        users,
        texts: said,
        step,
        tools: tools.map(str::to_owned).collect(),
        schema: schema.into_iter().find(|it| it.is_object()).cloned(),
    }
}

pub(super) fn document(answer: &Answer) -> Value {
    message(
        answer,
        content(answer),
        json!(stop_reason(answer)),
        answer.usage.output,
    )
}

pub(super) fn stream(answer: &Answer) -> Vec<Frame> {
    let start = message(answer, Vec::new(), Value::Null, 1);
    let mut frames = vec![
        event(json!({"type": "message_start", "message": start})),
        event(json!({"type": "ping"})),
    ];
    for (index, block) in content(answer).into_iter().enumerate() {
        block_frames(answer, index, &block, &mut frames);
    }
    if !frames.iter().any(|frame| frame.is_middle) {
        let last = frames.pop().expect("a stream begins with two frames");
        frames.push(last.at_middle());
    }
    frames.push(event(json!({
        "type": "message_delta",
        "delta": {"stop_reason": stop_reason(answer), "stop_sequence": null},
        "usage": {"output_tokens": answer.usage.output},
    })));
    frames.push(event(json!({"type": "message_stop"})));
    frames
}

pub(super) fn count(tokens: u64) -> Value {
    json!({"input_tokens": tokens})
}

pub(super) fn error(status: u16, message: Option<&str>) -> Value {
    let (kind, usual) = match status {
        400 => ("invalid_request_error", "scripted invalid request"),
        401 => ("authentication_error", "invalid x-api-key"),
        402 => ("billing_error", "scripted lack of credit"),
        403 => ("permission_error", "scripted lack of permission"),
        404 => ("not_found_error", "Not found"),
        413 => ("request_too_large", "Request exceeds the maximum size"),
        429 => ("rate_limit_error", "scripted rate limit"),
        529 => ("overloaded_error", "Overloaded"),
        _ => ("api_error", "Internal server error"),
    };
    json!({
        "type": "error",
        "error": {"type": kind, "message": message.unwrap_or(usual)},
        "request_id": "req_scripted",
    })
}

fn block_frames(answer: &Answer, index: usize, block: &Value, frames: &mut Vec<Frame>) {
    let delta = |delta: Value| {
        event(json!({"type": "content_block_delta", "index": index, "delta": delta}))
    };
    let start = |block: Value| {
        event(json!({"type": "content_block_start", "index": index, "content_block": block}))
    };
    if block["type"] == "thinking" {
        frames.push(start(
            json!({"type": "thinking", "thinking": "", "signature": ""}),
        ));
        frames.push(delta(
            json!({"type": "thinking_delta", "thinking": block["thinking"]}),
        ));
        frames.push(delta(
            json!({"type": "signature_delta", "signature": SIGNATURE}),
        ));
    } else if block["type"] == "text" {
        frames.push(start(json!({"type": "text", "text": ""})));
        let chunks = cut(block["text"].as_str().unwrap_or_default(), answer.chunks);
        let middle = chunks.len().div_ceil(2);
        for (i, chunk) in chunks.into_iter().enumerate() {
            let chunk = delta(json!({"type": "text_delta", "text": chunk}));
            frames.push(Frame {
                is_further_chunk: i > 0,
                is_middle: i + 1 == middle,
                ..chunk
            });
        }
    } else {
        let mut empty = block.clone();
        empty["input"] = json!({});
        frames.push(start(empty));
        for part in cut(&block["input"].to_string(), 2) {
            frames.push(delta(
                json!({"type": "input_json_delta", "partial_json": part}),
            ));
        }
    }
    frames.push(event(json!({"type": "content_block_stop", "index": index})));
}

fn content(answer: &Answer) -> Vec<Value> {
    let mut blocks = Vec::new();
    if let Some(think) = &answer.think {
        blocks.push(json!({"type": "thinking", "thinking": think, "signature": SIGNATURE}));
    }
    if let Some(text) = answer.text.as_ref().filter(|text| !text.is_empty()) {
        blocks.push(json!({"type": "text", "text": text}));
    }
    for (i, tool) in answer.tools.iter().enumerate() {
        let id = format!("toolu_{}", tool_id(answer, i));
        blocks.push(json!({"type": "tool_use", "id": id, "name": tool.name, "input": tool.input}));
    }
    blocks
}

fn message(answer: &Answer, content: Vec<Value>, stop_reason: Value, output: u64) -> Value {
    let usage = answer.usage;
    json!({
        "id": format!("msg_{}", answer.id),
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": null,
        "usage": {
            "input_tokens": usage.input,
            "cache_creation_input_tokens": usage.cache_write,
            "cache_read_input_tokens": usage.cached,
            "cache_creation": {
                "ephemeral_5m_input_tokens": usage.cache_write,
                "ephemeral_1h_input_tokens": 0,
            },
            "output_tokens": output,
            "service_tier": "standard",
        },
    })
}

fn stop_reason(answer: &Answer) -> &str {
    let usual = if answer.tools.is_empty() {
        "end_turn"
    } else {
        "tool_use"
    };
    answer.stop.as_deref().unwrap_or(usual)
}

fn event(data: Value) -> Frame {
    let name = data["type"].as_str().unwrap_or_default();
    frame(Bytes::from(format!("event: {name}\ndata: {data}\n\n")))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Returns the texts of a content, which is one string or a list of blocks.
fn texts(content: &Value) -> impl Iterator<Item = &str> {
    let whole = content.as_str();
    let blocks = list(content).filter(|block| block["type"] == "text");
    whole
        .into_iter()
        .chain(blocks.filter_map(|block| block["text"].as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_counted_from_the_last_text_of_the_user() {
        let call = |id: &str| json!({"role": "assistant", "content": [{"type": "tool_use", "id": id, "name": "Bash", "input": {}}]});
        let result = json!({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "x", "content": "no text of the user"},
            {"type": "text", "text": "<system-reminder>nor this</system-reminder>"}]});
        let system = json!([{"type": "text", "text": "be kind"}]);
        let mut body = json!({"system": system, "messages": [
            {"role": "user", "content": "first"}, call("toolu_s0_ab000001_0"), result,
            {"role": "assistant", "content": [{"type": "text", "text": "done"}]},
            {"role": "user", "content": [{"type": "text", "text": "second"}]},
            call("toolu_s0_ab000002_0"), result, call("toolu_s1_ab000003_0"), result]});
        let asked = ask(&body);
        assert_eq!(asked.users, ["first", "second"]);
        assert_eq!(asked.step, 2);
        let nor = "<system-reminder>nor this</system-reminder>";
        assert_eq!(
            asked.texts,
            ["be kind", "first", nor, "done", "second", nor, nor]
        );
        let messages = body["messages"].as_array_mut().expect("it is a list");
        messages.push(json!({"role": "user", "content": "third"}));
        assert_eq!(ask(&body).step, 0);
    }
}
