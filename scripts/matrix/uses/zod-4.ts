import { z } from 'zod';
import { use, useWith } from './use.ts';

const limit = 3;
const Short = z.string().max(limit);
export const User = z.object({
  name: z.string().min(2),
  age: z.coerce.number().int(),
  mail: z.email().optional(),
});
const Order = z.object({ user: User, items: z.array(z.tuple([Short, z.number()])) });
const Even = z.number().refine((n) => n % 2 === 0, { message: `not even, as ${limit}` });
const Length = z.string().transform((text) => text.length);
const Shape = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('circle'), r: z.number() }),
  z.object({ kind: z.literal('square'), a: z.number() }),
]);

export const parseUser = (input: unknown): unknown => User.parse(input);

use('zod 4', 'an exported function: parse', parseUser, { name: 'Ann', age: '41' });
use('zod 4', 'a captured schema', (input: unknown) => Order.parse(input), {
  user: { name: 'Ann', age: 1 },
  items: [['a', 1]],
});
use('zod 4', 'an exported schema that is captured', (input: unknown) => User.safeParse(input).success, {
  name: 'A',
});
use(
  'zod 4',
  'a schema as argument',
  (schema: z.ZodType, input: unknown) => schema.parse(input),
  Short,
  'abc',
);
use('zod 4', 'parse throws a ZodError', (input: unknown) => Order.parse(input), { user: { name: 'A' } });
use('zod 4', 'safeParse gives a ZodError', (input: unknown) => Short.safeParse(input), 'abcd');
use('zod 4', 'refine', (n: number) => [Even.safeParse(n).error?.issues, Even.parse(2)], 3);
use('zod 4', 'transform', (text: string) => Length.parse(text), 'four');
use('zod 4', 'a discriminated union', (input: unknown) => Shape.parse(input), { kind: 'square', a: -0 });
use(
  'zod 4',
  'a schema made in the task',
  (input: unknown) => z.strictObject({ a: z.date(), b: z.set(z.int()) }).parse(input),
  { a: new Date(3), b: new Set([1]) },
);

/** As docs/builds.md shows it. */
const zodSchemas = {
  zod: {
    test: (value: unknown) => typeof (value as z.ZodType | null)?._zod?.constr === 'function',
    reduce: ({ _zod }: z.ZodType) => [_zod.constr.name, _zod.def],
    rebuild: ([name, definition]: [string, object]) => new (z[name] ?? z.core[name])(definition),
  },
} as never;

useWith(zodSchemas, 'zod 4', 'by a reducer: a captured schema', (input: unknown) => Order.parse(input), {
  user: { name: 'Ann', age: 1 },
  items: [['a', 1]],
});
useWith(
  zodSchemas,
  'zod 4',
  'by a reducer: schemas as argument',
  (schemas: Record<string, z.ZodType>, ...inputs: unknown[]) =>
    Object.keys(schemas).map((key, at) => [key, schemas[key]?.safeParse(inputs[at]).error?.issues]),
  { Short, User, Even, Length, Shape },
  'abcd',
  { name: 'A', mail: 'no' },
  3,
  'four',
  { kind: 'circle', r: 'x' },
);
