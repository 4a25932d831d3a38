/** Frames over a pipe, for both ends of the floor: u32 length of the body, u8 kind, body. */
const HEADER = 5;
const [JSON_TEXT, BYTES] = [0, 1];

function writeFrame(pipe, kind, body) {
  const header = Buffer.allocUnsafe(HEADER);
  header.writeUInt32LE(body.length, 0);
  header[4] = kind;
  pipe.cork();
  pipe.write(header);
  pipe.write(body);
  pipe.uncork();
}

/** Calls `onFrame(kind, body)` for each whole frame that comes through `pipe`. A body has memory of its own. */
function onFrames(pipe, onFrame) {
  const header = Buffer.alloc(HEADER);
  let body;
  let filled = 0;
  pipe.on('data', (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      const target = body ?? header;
      const copied = chunk.copy(target, filled, at);
      at += copied;
      filled += copied;
      if (filled < target.length) return;
      filled = 0;
      body = target === header ? Buffer.allocUnsafeSlow(header.readUInt32LE(0)) : undefined;
      if (target !== header) onFrame(header[4], target);
    }
  });
}

module.exports = { JSON_TEXT, BYTES, writeFrame, onFrames };
