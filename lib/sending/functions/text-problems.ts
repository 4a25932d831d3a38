/** What the syntax of a function says against sending it by value. Knows no variables. */
import type { FreeNames } from './found-names.ts';
import type { FunctionSyntax } from './syntax.ts';
import type { Problem, TextPlan } from './text-plan.ts';

const WHOLE =
  'send the object or the class instead of the bare method; if a decorator keeps it, export the class from a module, which workers then import';

const FOR_SUPER =
  'send the class that has it; in an object literal, call the other method by its object instead of `super`';

export const CAPTURES_THIS: Problem = {
  reason: 'is an arrow that captures `this`',
  hint: 'copy what it needs into a const, or submit(obj.method.bind(obj))',
};

export const KEY_USES_THIS: Problem = {
  reason: 'is a class with a computed name that uses `this`, and what it was cannot be known',
  hint: 'copy the name into a const',
};

export const nameOfExpression = (name: string): [reason: string, hint: string] => [
  `uses \`${name}\`, the name of the function expression around it, which cannot be read`,
  `give that function a variable (const ${name} = …) and use the variable, or export what needs it from a module`,
];

export function kindOf({ form, node }: FunctionSyntax): TextPlan['kind'] {
  if (form !== 'expression') return 'member';
  if (node.type === 'ArrowFunctionExpression') return 'arrow';
  return node.type === 'ClassExpression' ? 'class' : 'function';
}

export function problemOf(
  { form }: FunctionSyntax,
  kind: TextPlan['kind'],
  free: FreeNames,
  name: unknown,
): Problem | undefined {
  const [privateName] = free.privateNames;
  if (form === 'private-member' || privateName !== undefined) {
    const label = typeof name === 'string' && name ? `is a method (${name}) that ` : '';
    return {
      reason: `${label}uses the private name #${privateName ?? '…'} of a class it does not carry`,
      hint: WHOLE,
    };
  }
  if (free.callsEval && free.names.has('eval')) {
    return {
      reason: 'calls `eval` directly, so what it uses cannot be known',
      hint: 'use (0, eval)(…), or pass what it needs as arguments',
    };
  }
  if (free.usesSuper && kind !== 'class') return { reason: 'is a method that uses `super`', hint: FOR_SUPER };
  if (free.usesNewTarget && kind === 'arrow')
    return { reason: 'is an arrow that captures `new.target`', hint: 'copy it into a const' };
  return undefined;
}
