/** Of this package. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packageFile } from '../system/entry-points.ts';

/** `''` where the package was bundled into another. */
export function version(): string {
  try {
    const file = join(dirname(packageFile('view.html')), '../package.json');
    const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as { name?: unknown; version?: unknown };
    return name === 'loky' ? String(version) : '';
  } catch {
    return '';
  }
}
