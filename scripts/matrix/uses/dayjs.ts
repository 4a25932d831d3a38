import dayjs, { type Dayjs } from 'dayjs';
import duration from 'dayjs/plugin/duration.js';
import utc from 'dayjs/plugin/utc.js';
import { use } from './use.ts';

dayjs.extend(utc);
dayjs.extend(duration);

const first = dayjs('2024-01-31T10:00:00');
const pattern = 'YYYY/MM/DD';

export const lastOfMonth = (text: string): string => dayjs(text).endOf('month').format(pattern);

use('dayjs', 'an exported function', lastOfMonth, '2024-02-01');
use('dayjs', 'a captured date', (months: number) => first.add(months, 'month').format(pattern), 1);
use('dayjs', 'a date as argument', (date: Dayjs) => date.startOf('year').toDate(), first);
use('dayjs', 'a date comes back', (days: number) => dayjs(0).add(days, 'day'), 2);
use('dayjs', 'diff', (a: Dayjs, b: Dayjs) => a.diff(b, 'hour'), first, first.add(3, 'day'));
use('dayjs', 'a plugin: utc', (time: number) => dayjs.utc(time).format(), 0);
use('dayjs', 'a plugin: duration', (ms: number) => dayjs.duration(ms).asMinutes(), 90_000);
use('dayjs', 'an invalid date', (text: string) => [dayjs(text).isValid(), dayjs(text).format()], 'soon');
