/**
 * Loads BullMQ and what it needs for an engine when that is first needed, not before: worker processes import the modules of tasks, and
 * with them this entry point, but never talk to an engine.
 */
import { createRequire } from 'node:module';
import { ownUrl } from '../system/here.ts';

/** @throws Error that says what to install. */
export function bullmq(): typeof import('bullmq') {
  return load('bullmq') as typeof import('bullmq');
}

/** @throws Error that says what to install. */
export function bullmqVersion(): string {
  return (load('bullmq/package.json') as { version: string }).version;
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
