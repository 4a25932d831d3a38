/** What the demo runs on, and how busy others keep it. */
import { cpus } from 'node:os';
import { cpuCount } from 'loky';

/** More worker processes than these show nothing that fewer do not, and take memory. */
const MOST_WORKERS = 16;

export function machine() {
  const processors = cpuCount();
  const workers = Math.min(processors, MOST_WORKERS);
  const name = processors === 1 ? '1 processor' : `${processors} processors`;
  return {
    workers,
    sentence: `Node.js ${process.versions.node} on ${name}, ${workers} worker ${workers === 1 ? 'process' : 'processes'}`,
  };
}

/** Of the machine, whatever this process may use of it. */
export const allProcessors = cpus().length;

/** Milliseconds of CPU that the whole machine has spent since it started. */
export function machineCpu() {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}

/** Milliseconds of CPU that this process has spent. */
export function ownCpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
