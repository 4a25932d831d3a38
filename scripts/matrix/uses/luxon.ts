import { DateTime, Duration, IANAZone, Interval } from 'luxon';
import { use } from './use.ts';

const zone = 'Europe/Paris';
const launch = DateTime.fromISO('2024-02-29T12:30:00', { zone });
const hour = Duration.fromObject({ hours: 1 });
const shown = DateTime.fromISO('2024-05-01T08:00:00', { zone: 'utc' });
shown.toLocaleString(DateTime.DATE_FULL, { locale: 'de' });

export const nextYear = (iso: string): string | null =>
  DateTime.fromISO(iso, { zone: 'utc' }).plus({ years: 1 }).toISO();

use('luxon', 'an exported function', nextYear, '2024-02-29T00:00:00Z');
use('luxon', 'a captured DateTime', (days: number) => launch.plus({ days }).toISO(), 3);
use('luxon', 'a captured Duration', () =>
  launch.plus(hour.mapUnits((n) => n * 2)).toFormat('yyyy-MM-dd HH:mm'),
);
use(
  'luxon',
  'a DateTime as argument',
  (when: DateTime) => [when.weekday, when.zoneName, when.offset],
  launch,
);
use('luxon', 'a DateTime comes back', (when: DateTime) => when.startOf('month'), launch);
use(
  'luxon',
  'one that was shown',
  (when: DateTime) => when.plus({ days: 1 }).toLocaleString(DateTime.DATE_FULL, { locale: 'de' }),
  shown,
);
use(
  'luxon',
  'an Interval',
  (from: DateTime) => Interval.after(from, { days: 2 }).splitBy({ hours: 12 }).length,
  launch,
);
use('luxon', 'a zone', (name: string) => IANAZone.create(name).offset(0), zone);
use(
  'luxon',
  'an invalid date',
  (text: string) => [DateTime.fromISO(text).isValid, DateTime.fromISO(text).invalidReason],
  'soon',
);
