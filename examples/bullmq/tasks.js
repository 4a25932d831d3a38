// Submitters, machines and worker processes all import this file.
import { createHash } from 'node:crypto';
import { defineTasks, jobInfo } from 'loky/bullmq';

export function hash(text) {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

export function charge(customer, cents) {
  // The task may run twice (at least once). The job id is the same each time: pass it to the payment service.
  return { customer, cents, idempotencyKey: jobInfo().id, attempt: jobInfo().attempt };
}

export const tasks = defineTasks(import.meta.url, { hash, charge });
