import { strictEqual } from 'node:assert';

export async function waits() {
  const later = await new Promise((resolve) => setTimeout(resolve, 10, 'later'));
  strictEqual(later, 'later');
}

export function leavesATrace() {
  globalThis.trace = 'of a suite';
}
