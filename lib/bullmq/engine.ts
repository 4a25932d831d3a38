/**
 * Loads BullMQ and ioredis when they are first needed, not before: worker processes import the modules of tasks, and
 * with them this entry point, but never talk to Redis.
 */
import { createRequire } from 'node:module';
import { ownUrl } from '../system/here.ts';

/** @throws Error that says what to install. */
export function bullmq(): typeof import('bullmq') {
  return load('bullmq') as typeof import('bullmq');
}

/** @throws Error that says what to install. */
export function ioredis(): typeof import('ioredis') {
  return load('ioredis') as typeof import('ioredis');
}

function load(name: string): unknown {
  try {
    return createRequire(ownUrl())(name);
  } catch (cause) {
    throw new Error(
      `loky/bullmq needs the package ${name}, which cannot be loaded. Install it: npm install bullmq@6 ioredis`,
      { cause },
    );
  }
}
