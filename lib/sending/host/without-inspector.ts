/**
 * Functions where this process may not ask the engine for their variables (`--permission`, other runtimes): by
 * reference if a CommonJS module exports them, by value if they use nothing from around them, and else refused.
 */

import { mainScript } from '../../system/main-script.ts';
import { reasonOf } from '../common/reason.ts';
import { NO_VIEW } from '../functions/inspector.ts';
import { parsing } from '../functions/parsing.ts';
import { commonJsReference, type Reference } from '../functions/references.ts';
import type { TextPlan } from '../functions/text-plan.ts';
import { Refusal } from '../graph/refusal.ts';
import { isNativeText } from '../values/realm.ts';

/**
 * `cause`: why the engine cannot be asked. `isAllowed`: whether functions of a file may go by reference.
 *
 * @throws Refusal if it can go neither way.
 */
export function blindPlan(
  fn: object,
  text: string,
  cause: unknown,
  isAllowed: (file: string) => boolean,
): Reference | TextPlan {
  const why = `this process may not use the inspector (${firstSentence(reasonOf(cause))})`;
  if (isNativeText(text)) {
    throw new Refusal(
      fn,
      `is a native or a bound function, and ${why}`,
      'send a function that calls it inside the task',
    );
  }
  const reference = commonJsReference(fn, isAllowed);
  if (reference) return reference;
  const url = mainScript() ?? '';
  const plan = parsing().planText(fn, text, NO_VIEW, { url, file: '', isModule: undefined, text: undefined });
  const [name = plan.slots.find(({ kind }) => kind === 'meta') && 'import.meta'] = plan.unresolved;
  if (name !== undefined && !plan.problem) {
    throw new Refusal(fn, `uses \`${name}\`, which cannot be read: ${why}`, wayOut(name));
  }
  return plan;
}

function firstSentence(text: string): string {
  return text.split('.')[0] as string;
}

function wayOut(name: string): string {
  const option = process.allowedNodeEnvironmentFlags.has('--allow-inspector')
    ? 'start Node.js with --allow-inspector'
    : 'start Node.js without --permission';
  return `pass \`${name}\` as an argument, export the function from a CommonJS module, or ${option}`;
}
