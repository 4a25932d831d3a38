/** The worker of the floor: reads frames from descriptor 3, runs what they ask for, answers in their order. */
const { Socket } = require('node:net');
const tasks = require('../tasks.cjs');
const { BYTES, writeFrame, onFrames } = require('../frames.cjs');

const pipe = new Socket({ fd: 3 });
pipe.on('end', () => process.exit()).on('error', () => process.exit());
onFrames(pipe, (kind, body) => {
  // Bytes come for `echo` alone.
  if (kind === BYTES) return writeFrame(pipe, kind, body);
  const [task, argument] = JSON.parse(body.toString());
  writeFrame(pipe, kind, Buffer.from(JSON.stringify(tasks[task](argument) ?? null)));
});
