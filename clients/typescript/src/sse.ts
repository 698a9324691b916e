/** Server-sent events, read as the bytes come. A silence that is too long is a fault like any other cut. */

import { createParser } from "eventsource-parser";
import { VWMError, fault } from "./error.js";

/** The most characters that one frame may have; a turn's last one carries its raw output. */
const FRAME_MAX = 64 * 1024 * 1024;

/** One frame that has data. */
export interface Frame {
  id: string | undefined;
  data: string;
}

/** Reads frames until the bytes end; a frame that was cut off is dropped. Bytes that stay away for `silenceMs` throw. */
export async function* frames(body: ReadableStream<Uint8Array>, silenceMs: number): AsyncGenerator<Frame, void, undefined> {
  let ready: Frame[] = [];
  let tooLong: VWMError | undefined;
  const parser = createParser({
    onEvent: ({ id, data }) => ready.push({ id, data }),
    onError: (error) => {
      // Fields that a newer server may send are none of our business.
      if (error.type === "max-buffer-size-exceeded") {
        tooLong = new VWMError("protocol", `a frame is longer than ${FRAME_MAX} characters; read the answer by its request instead`);
      }
    },
    maxBufferSize: FRAME_MAX,
  });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await within(silenceMs, reader.read()).catch(lost);
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
      const whole = ready;
      ready = [];
      yield* whole;
      if (tooLong !== undefined) throw tooLong;
    }
  } finally {
    // The other side may be gone already, which is as good.
    reader.cancel().catch(() => undefined);
  }
}

function lost(error: unknown): never {
  throw fault(error, "the stream");
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new VWMError("timeout", `the stream was silent for ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
  }
}
