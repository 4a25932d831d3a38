import {
  addDays,
  compareAsc,
  eachDayOfInterval,
  format,
  formatDistance,
  intervalToDuration,
  parseISO,
} from 'date-fns';
import { addHours, differenceInDays } from 'date-fns/fp';
import { de } from 'date-fns/locale';
import { use } from './use.ts';

const start = new Date(2024, 1, 28, 12);
const nextDay = addHours(24);
const german = { locale: de };

export const dayAfter = (date: Date): string => format(addDays(date, 1), 'yyyy-MM-dd');

use('date-fns', 'a function of it: addDays', addDays, start, 2);
use('date-fns', 'an exported function', dayAfter, start);
use('date-fns', 'a captured locale', (date: Date) => format(date, 'EEEE, d. MMMM', german), start);
use(
  'date-fns',
  'a locale itself',
  (a: Date, b: Date) => formatDistance(a, b, { locale: de, addSuffix: true }),
  start,
  new Date(0),
);
use(
  'date-fns',
  'a curried function of fp',
  (date: Date) => [nextDay(date), differenceInDays(start)(nextDay(date))],
  start,
);
use('date-fns', 'eachDayOfInterval', (end: Date) => eachDayOfInterval({ start, end }), new Date(2024, 2, 2));
use(
  'date-fns',
  'intervalToDuration',
  (end: Date) => intervalToDuration({ start, end }),
  new Date(2025, 2, 2),
);
use('date-fns', 'sort by compareAsc', (dates: Date[]) => [...dates].sort(compareAsc), [
  new Date(2),
  new Date(1),
]);
use('date-fns', 'an error', (text: string) => format(parseISO(text), 'yyyy'), 'soon');
