/**
 * Length-prefixed frames over a byte stream, with nothing but what the payload needs: the same code at both
 * ends of the floor. Knows no process and no task. CommonJS, because a worker that starts as one starts sooner.
 *
 * A frame is: u32 length of the body, u8 kind, body.
 */
const HEADER = 5;
const KIND = { noop: 0, bytes: 1, json: 2, call: 3 };

/** What a read asks for at once: a little more than a Unix socket holds by default. */
const READ_SIZE = 256 * 1024;

function writeHeader(target, offset, length, kind) {
  target.writeUInt32LE(length, offset);
  target[offset + 4] = kind;
}

function header(length, kind) {
  const bytes = Buffer.allocUnsafe(HEADER);
  writeHeader(bytes, 0, length, kind);
  return bytes;
}

const EMPTY = Buffer.alloc(0);

/**
 * Gives a function that takes chunks and calls `onFrame(kind, body)` for each whole frame. A body owns its
 * memory (offset 0), so it may be kept and viewed as any typed array.
 */
function frameReader(onFrame) {
  const head = Buffer.alloc(HEADER);
  let headFilled = 0;
  let body = EMPTY;
  let bodyFilled = 0;

  const finish = () => {
    const whole = body;
    headFilled = 0;
    body = EMPTY;
    bodyFilled = 0;
    onFrame(head[4], whole);
  };

  return (chunk, size) => {
    let at = 0;
    while (at < size) {
      if (headFilled < HEADER) {
        while (headFilled < HEADER && at < size) head[headFilled++] = chunk[at++];
        if (headFilled < HEADER) return;
        const length = head.readUInt32LE(0);
        if (length > 0) body = Buffer.allocUnsafeSlow(length);
        else finish();
        continue;
      }
      const end = Math.min(size, at + body.length - bodyFilled);
      chunk.copy(body, bodyFilled, at, end);
      bodyFilled += end - at;
      at = end;
      if (bodyFilled === body.length) finish();
    }
  };
}

module.exports = { HEADER, KIND, READ_SIZE, writeHeader, header, frameReader };
