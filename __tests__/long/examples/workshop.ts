/** A folder in which programs use packages that only a test needs: as their lock says, and the built `loky` beside them. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// @ts-expect-error a script without types
import { addLoky as untypedAddLoky } from '../../../scripts/matrix/open-workshop.js';

const addLoky = untypedAddLoky as (folder: string) => void;

export interface Workshop {
  readonly folder: string;
  remove(): void;
}

/** @param given Where its package.json and its lock lie. */
export function openWorkshop(given: string): Workshop {
  const folder = mkdtempSync(join(tmpdir(), 'loky-workshop-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    for (const file of ['package.json', 'package-lock.json'])
      copyFileSync(join(given, file), join(folder, file));
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
    execFileSync('npm', ['ci', ...flags], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    });
    addLoky(folder);
    return { folder, remove };
  } catch (error) {
    remove();
    throw error;
  }
}
