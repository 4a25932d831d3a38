/** The pools: what has become of their tasks and workers, and their settings. */
import type { PoolRow } from '../aggregate/messages.ts';
import type { Act } from './acting.ts';
import { factList, h, keyedItems, setClass, setText } from './dom.ts';
import { amount } from './format.ts';
import type { Model } from './model.ts';

export function createPools(act: Act): { readonly element: HTMLElement; update(model: Model): void } {
  const list = h('div.pools');
  const cards = keyedItems(
    list,
    ({ key }: PoolRow) => key,
    (pool) => createCard(pool, act),
  );
  const empty = h('p.quiet', {}, 'This program has no executor yet.');
  return {
    element: h('div', {}, list, empty),
    update(model) {
      const pools = [...model.pools.values()].sort((a, b) => a.id - b.id);
      cards.show(pools, (card, pool) => card.update(model, pool));
      empty.hidden = pools.length > 0;
    },
  };
}

function createCard({ id, settings }: PoolRow, act: Act) {
  const state = h('span.state');
  const shortage = h('p.bad');
  const { element: figures, say } = factList();
  const size = h('input', { type: 'number', min: 1, max: 1024, 'aria-label': `Most workers of pool ${id}` });
  const click = (): void => {
    const workers = Number(size.value);
    if (size.reportValidity() && Number.isInteger(workers)) act({ kind: 'resize', pool: id, workers });
  };
  const acting = h('div.buttons', {}, 'Most workers ', size, h('button', { click }, 'Change …'));
  const list = factList();
  for (const [name, value] of settings ?? []) list.say(name, value);
  const element = h(
    'article.pool',
    {},
    h('header', {}, h('h3', {}, `Pool ${id}`), state),
    shortage,
    figures,
    acting,
    h('details', {}, h('summary', {}, 'Settings'), list.element),
  );
  return {
    element,
    update(model: Model, pool: PoolRow): void {
      setText(state, pool.state);
      setClass(element, 'broken', pool.state === 'broken');
      setText(
        shortage,
        pool.shortage === undefined ? '' : `No worker can be started for now: ${pool.shortage}`,
      );
      const workers = [...model.workers.values()].filter(({ pool: of }) => of === pool.id).length;
      say('Workers', `${workers}, at most ${pool.maxWorkers}`);
      say('Tasks', `${amount(pool.pending)} wait, ${amount(pool.running)} run`);
      say('Ended', countsIn(pool.outcomes));
      say('Exits', countsIn(pool.exits));
      say('Recycled', countsIn(pool.recycled));
      acting.hidden = !model.host.actions || pool.state !== 'open';
      if (document.activeElement !== size && size.value === '') size.value = String(pool.maxWorkers);
    },
  };
}

function countsIn(counts: Readonly<Record<string, number>>): string {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  return some.map(([name, count]) => `${amount(count)} ${name}`).join(', ') || 'none';
}
