/** All uses that Node.js itself understands. */
import './bignumber.ts';
import './bson.ts';
import './date-fns.ts';
import './dayjs.ts';
import './decimal.ts';
import './immer.ts';
import './immutable.ts';
import './lodash.ts';
import './lodash-es.ts';
import './luxon.ts';
import './p-limit.ts';
import './ramda.ts';
import './reflect-metadata.ts';
import './semver.ts';
import './uuid.ts';
import './zod-3.ts';
import './zod-4.ts';

export { uses } from './use.ts';
