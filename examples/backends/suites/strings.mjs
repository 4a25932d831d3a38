import { strictEqual } from 'node:assert';

export function trims() {
  strictEqual(' a '.trim(), 'a');
}

export function sees() {
  strictEqual(globalThis.trace, undefined, 'a suite sees what another one left');
}
