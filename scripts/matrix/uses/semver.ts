import semver, { Range, SemVer } from 'semver';
import { use } from './use.ts';

const supported = new Range('>=20.19 <21 || >=22.12');
const any = new Range('*');
const base = new SemVer('1.2.3-beta.1+build');

export const newest = (versions: string[]): string | null => semver.maxSatisfying(versions, '^1');

use(
  'semver',
  'a function of it: satisfies',
  semver.satisfies as (v: string, r: string) => boolean,
  '1.2.3',
  '^1.0.0',
);
use('semver', 'an exported function', newest, ['1.0.0', '1.9.2', '2.0.0']);
use(
  'semver',
  'a captured Range',
  (version: string) => [supported.test(version), any.test(version)],
  '20.20.2',
);
use('semver', 'a Range as argument', (range: Range) => [range.range, range.test('3.0.0')], any);
use('semver', 'a captured SemVer', (version: string) => base.compare(version), '1.2.3');
use(
  'semver',
  'a SemVer comes back',
  (version: SemVer) => semver.coerce(`v${version.major}.9`)?.inc('minor'),
  base,
);
use('semver', 'a Range comes back', (text: string) => new Range(text), '~1.2');
use('semver', 'sort', (versions: string[]) => [...versions].sort(semver.compare), [
  '1.10.0',
  '1.9.0',
  '1.10.0-rc',
]);
use('semver', 'an error', (text: string) => new SemVer(text), 'one');
