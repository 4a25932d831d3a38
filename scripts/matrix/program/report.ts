/** What a program of the matrix says of each thing that it tried. */
import { writeFileSync } from 'node:fs';

/** `refused` names a way out; `failed` is an error that should not be; `differs` is a wrong answer without a word. */
export type Became = 'same' | 'refused' | 'failed' | 'differs' | 'hangs';

export interface Report {
  readonly of: string;
  readonly name: string;
  readonly became: Became | 'skipped';
  readonly reason?: string;
}

/** Into the file that `MATRIX_REPORT` names. */
export function writeReports(reports: readonly Report[]): void {
  const file = process.env['MATRIX_REPORT'];
  if (file === undefined)
    throw new Error('Expected MATRIX_REPORT to name a file; start this with `npm run test:matrix`.');
  writeFileSync(file, JSON.stringify(reports));
}
