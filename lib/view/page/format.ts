/** Figures as people read them. */

export function duration(ms: number | undefined): string {
  if (ms === undefined) return '–';
  if (ms < 0.0995) return `${Math.round(ms * 1000)} µs`;
  if (ms < 9.95) return `${trim(ms, ms < 0.995 ? 2 : 1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${trim(ms / 1000, ms < 9_950 ? 2 : 1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** The same for what grows while it is looked at: whole seconds. */
export function age(ms: number): string {
  return duration(ms < 1_000 ? ms : Math.floor(ms / 1000) * 1000);
}

export function bytes(count: number | undefined): string {
  if (count === undefined) return '–';
  if (count < 0) return `−${bytes(-count)}`;
  if (count < 999.5e3) return `${Math.round(count / 1e3)} kB`;
  return count < 999.5e6 ? `${Math.round(count / 1e6)} MB` : `${trim(count / 1e9, 2)} GB`;
}

export function amount(count: number | undefined): string {
  if (count === undefined) return '–';
  if (count < 10_000) return count.toLocaleString('en', { maximumFractionDigits: count < 10 ? 1 : 0 });
  return count < 999_500 ? `${trim(count / 1e3, 1)} k` : `${trim(count / 1e6, 2)} M`;
}

export function percent(value: number | undefined): string {
  return value === undefined ? '–' : `${Math.round(value)} %`;
}

/** Of a day, with the seconds. */
export function clock(epoch: number): string {
  const date = new Date(epoch);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((n) => String(n).padStart(2, '0'))
    .join(':');
}

function trim(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
