import { NIL, parse, stringify, v1, v3, v4, v5, v7, validate, version } from 'uuid';
import { use } from './use.ts';

const space = v5('loky.example', v5.DNS);

export const idOf = (name: string): string => v5(name, space);

use('uuid', 'a function of it: v5', v5 as (name: string, space: string) => string, 'a', v5.URL);
use('uuid', 'an exported function', idOf, 'apple');
use('uuid', 'v3 and v5', (name: string) => [v3(name, space), v5(name, v5.DNS)], 'pear');
use('uuid', 'v4, v7 and v1 are new', () => [v4(), v7(), v1()].map((id) => [validate(id), version(id)]));
use('uuid', 'parse', (id: string) => parse(id), space);
use('uuid', 'stringify', (bytes: Uint8Array) => stringify(bytes), parse(space));
use('uuid', 'a constant', (id: string) => [validate(id), id === NIL], NIL);
use('uuid', 'an error', (id: string) => parse(id), 'none');
