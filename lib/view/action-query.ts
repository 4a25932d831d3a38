/** Which action a request asks for. It stands in the query: a server may have read the body before. */
import type { Action } from './aggregate/messages.ts';

/** `undefined` for what is none. */
export function readAction(query: URLSearchParams): Action | undefined {
  const number = (name: string): number | undefined => {
    const text = query.get(name);
    return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  };
  const [kind, pool] = [query.get('do'), number('pool')];
  if (pool === undefined) return undefined;
  const [task, pid, workers] = [number('task'), number('pid'), number('workers')];
  if (kind === 'cancel-task' && task !== undefined) return { kind, pool, task };
  if (kind === 'end-worker' && pid !== undefined) return { kind, pool, pid };
  if (kind === 'resize' && workers !== undefined) return { kind, pool, workers };
  return undefined;
}
