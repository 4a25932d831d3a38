/** All cases, by topic. */
import type { Case } from './case.ts';
import { classes } from './classes.ts';
import { closures } from './closures.ts';
import { errors } from './errors.ts';
import { refusals } from './refusals.ts';
import { values } from './values.ts';

export type { Case, Submit } from './case.ts';
export const corpus: Readonly<Record<string, readonly Case[]>> = {
  closures,
  classes,
  values,
  errors,
  refusals,
};
