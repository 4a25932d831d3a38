// What both sides share: imported by the submitter, by each machine, and by each worker process.
import { createHash } from 'node:crypto';
import { defineTasks, jobInfo } from 'loky/bullmq';

export function hash(text) {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

export function charge(customer, cents) {
  // At least once means: perhaps twice. The job id is the same each time: let the payment service see it.
  return { customer, cents, idempotencyKey: jobInfo().id, attempt: jobInfo().attempt };
}

export const tasks = defineTasks(import.meta.url, { hash, charge });
