import { strictEqual } from 'node:assert';

export function addsUp() {
  strictEqual(1 + 2, 3);
}

export function roundsToTheEven() {
  strictEqual(Math.round(2.5), 2);
}
