/** All cases, by topic. */

import { again } from './again.ts';
import { binary } from './binary.ts';
import type { Case } from './case.ts';
import { classes } from './classes.ts';
import { classesOfNode } from './classes-of-node.ts';
import { closures } from './closures.ts';
import { errors } from './errors.ts';
import { hints } from './hints.ts';
import { limits } from './limits.ts';
import { refusals } from './refusals.ts';
import { syntax } from './syntax.ts';
import { values } from './values.ts';

export type { Case, Submit } from './case.ts';
export const corpus: Readonly<Record<string, readonly Case[]>> = {
  closures,
  syntax,
  again,
  classes,
  classesOfNode,
  values,
  binary,
  errors,
  refusals,
  hints,
  limits,
};
