/**
 * Tasks that end their worker, or must be ended with it. `ends`: it ends its worker; `losses`: how many others may
 * be lost with it, as what the worker runs until its end is seen goes with it.
 */
import { error, note, value } from './allowed.js';

export const harmful = {
  exits: {
    weight: 2,
    ends: true,
    run: (file, id) => {
      note(file, id);
      process.exit(id % 3);
    },
    allows: () => error('TerminatedWorkerError'),
  },
  kills: {
    weight: 2,
    ends: true,
    run: (file, id) => {
      note(file, id);
      process.kill(process.pid, ['SIGKILL', 'SIGSEGV', 'SIGABRT', 'SIGTERM'][id % 4]);
      for (;;); // SIGTERM comes a moment later
    },
    allows: () => error('TerminatedWorkerError'),
  },
  garbage: {
    weight: 1,
    ends: true,
    losses: 64,
    run: (file, id) => {
      note(file, id);
      const { writeSync } = process.getBuiltinModule('node:fs');
      writeSync(3, Buffer.alloc(1 + (id % 5000), id % 76));
    },
    allows: () => error('TerminatedWorkerError'),
  },
  /** The header of a frame that never comes: what the worker answers after it is taken for its content. */
  forges: {
    weight: 0.1,
    ends: true,
    losses: 64,
    run: (file, id) => {
      note(file, id);
      const header = Buffer.alloc(16);
      header.set([0x4c, 18]);
      header.writeUInt32LE(1_000_000_000 + (id % 1000), 12);
      process.getBuiltinModule('node:fs').writeSync(3, header);
    },
    allows: () => error('TerminatedWorkerError'),
  },
  closes: {
    weight: 1,
    ends: true,
    losses: 64,
    run: (file, id) => {
      note(file, id);
      process.getBuiltinModule('node:fs').closeSync(3);
    },
    allows: () => error('TerminatedWorkerError'),
  },
  leaks: {
    weight: 2,
    ends: true,
    losses: 1,
    run: (file, id) => {
      note(file, id);
      setTimeout(() => {
        throw new Error('left behind');
      }, id % 20);
      return 'leaked';
    },
    allows: () => value('leaked'),
  },
  spins: {
    weight: 3,
    timeout: 100,
    run: (file, id) => {
      note(file, id);
      for (;;);
    },
    allows: () => error('TimeoutError'),
  },
  stopsItself: {
    weight: 1,
    timeout: 120,
    run: (file, id) => {
      note(file, id);
      process.kill(process.pid, 'SIGSTOP');
      return new Promise(() => setInterval(() => {}, 1000));
    },
    allows: () => error('TimeoutError'),
  },
  neverSettles: {
    weight: 2,
    timeout: 150,
    run: (file, id) => {
      note(file, id);
      return new Promise(() => {});
    },
    allows: () => error('TimeoutError', 'Error'),
  },
};
