/** The API pages as files. That they say what the sources say, and that linters find no fault in the package, tells `npm run check`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

test.each(readdirSync('docs/api'))(
  'the API page %s names no address, no path of a machine and no line of a source',
  (name) => {
    const text = readFileSync(join('docs/api', name), 'utf8');
    expect(text).toMatch(/^# /);
    expect(text.match(/https?:|file:|\/(?:home|work|tmp|Users)\/|\.ts:\d+/g)).toBeNull();
  },
);
