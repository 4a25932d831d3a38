/** The payloads, and whether one came back as it was sent. Knows no library. */

import { randomBytes } from 'node:crypto';

const MIB = 1024 * 1024;

export const payloads = {
  'buffer-1k': () => randomBytes(1024),
  'buffer-100k': () => randomBytes(100 * 1024),
  'buffer-10m': () => randomBytes(10 * MIB),
  'buffer-100m': () => randomBytes(100 * MIB),
  'object-1e5': () => objectOfNodes(1e5),
  'float64-1e6': () => Float64Array.from({ length: 1e6 }, (_, index) => Math.sin(index)),
};

/** Records of ten nodes each (an object, an array in it, and leaves), as an API or a database gives them. */
function objectOfNodes(nodes) {
  const records = Array.from({ length: nodes / 10 }, (_, id) => ({
    id,
    name: `record ${id}`,
    active: id % 3 === 0,
    score: id / 7,
    tags: ['red', 'green', id],
    note: null,
  }));
  return { records };
}

/**
 * `ok`: the same type and content; `lossy`: the content is there, the type is another (a Buffer that became a
 * Uint8Array, its JSON form or a plain object, a Float64Array that became a plain object); `wrong`: anything else.
 */
export function verdict(sent, received) {
  if (Buffer.isBuffer(sent)) return verdictOnBytes(sent, received);
  if (sent instanceof Float64Array) return verdictOnNumbers(sent, received);
  return JSON.stringify(sent) === JSON.stringify(received) ? 'ok' : 'wrong';
}

function verdictOnBytes(sent, received) {
  if (Buffer.isBuffer(received)) return sent.equals(received) ? 'ok' : 'wrong';
  if (received instanceof Uint8Array) return sent.equals(received) ? 'lossy' : 'wrong';
  if (received === null || typeof received !== 'object') return 'wrong';
  const isJsonForm = received.type === 'Buffer' && Array.isArray(received.data);
  const bytes = Buffer.from(isJsonForm ? received.data : Object.values(received));
  return sent.equals(bytes) ? 'lossy' : 'wrong';
}

function verdictOnNumbers(sent, received) {
  const isTyped = received instanceof Float64Array;
  const length = isTyped ? received.length : Object.keys(received ?? {}).length;
  if (length !== sent.length) return 'wrong';
  for (let index = 0; index < sent.length; index++) {
    if (received[index] !== sent[index]) return 'wrong';
  }
  return isTyped ? 'ok' : 'lossy';
}

/** The worse of two verdicts. */
export function worse(one, other) {
  const order = ['ok', 'lossy', 'wrong'];
  return order[Math.max(order.indexOf(one), order.indexOf(other))];
}
