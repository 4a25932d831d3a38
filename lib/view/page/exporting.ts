/** What is shown, as a file: a timeline, or this very page with its data, to attach to an incident. */
import type { Model } from './model.ts';
import { pageWith } from './saved-page.ts';
import { toTrace } from './trace.ts';

export function saveTimeline(model: Model): void {
  save(`${nameOf(model)}.timeline.json`, 'application/json', JSON.stringify(toTrace(model)));
}

/** @param script What runs this page. */
export function savePage(model: Model, script: string): void {
  save(
    `${nameOf(model)}.html`,
    'text/html',
    pageWith(model, script, document.querySelector('style')?.textContent ?? ''),
  );
}

function nameOf({ host, now }: Model): string {
  const time = new Date(host.timeOrigin + now).toISOString().slice(0, 19).replaceAll(':', '-');
  return `loky-${host.pid}-${time}`;
}

function save(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
