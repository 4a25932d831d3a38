/** Shows how far the work has come: one line drawn again and again on a terminal, a few lines elsewhere. */
import type { WriteStream } from 'node:tty';
import { count, megabytes } from './format.ts';

const WIDTH = 30;
/** Milliseconds between two drawings on a terminal. */
const REDRAW = 50;
/** A line at each fifth where lines cannot be drawn over. */
const STEPS = 5;

export interface Progress {
  readonly files: number;
  readonly bytes: number;
  readonly errors: number;
}

export interface ProgressBar {
  update(done: Progress): void;
  /** Leaves the terminal ready for the next line. */
  end(): void;
}

export function createProgressBar(
  label: string,
  total: Omit<Progress, 'errors'>,
  out: WriteStream = process.stdout,
): ProgressBar {
  let drawnAt = 0;
  let step = 0;
  let last: Progress = { files: 0, bytes: 0, errors: 0 };

  function line({ files, bytes, errors }: Progress): string {
    const share = total.bytes === 0 ? 1 : bytes / total.bytes;
    const full = Math.round(share * WIDTH);
    const bar = '█'.repeat(full) + '░'.repeat(WIDTH - full);
    const failed = errors === 0 ? '' : `  ${errors} failed`;
    const percent = `${Math.floor(share * 100)}`.padStart(3);
    return `${label} ${bar} ${percent} %  ${count(files)} of ${count(total.files)} files  ${megabytes(bytes)}${failed}`;
  }

  function draw(): void {
    out.write(`\r\x1b[K${line(last).slice(0, out.columns - 1)}`);
    drawnAt = performance.now();
  }

  return {
    update(done) {
      last = done;
      const isComplete = done.files === total.files;
      if (out.isTTY) {
        if (isComplete || performance.now() - drawnAt >= REDRAW) draw();
        return;
      }
      const reached = isComplete ? STEPS : Math.floor((done.bytes / total.bytes) * STEPS);
      if (reached > step) out.write(`${line(done)}\n`);
      step = Math.max(step, reached);
    },
    end() {
      if (out.isTTY) out.write('\n');
    },
  };
}
