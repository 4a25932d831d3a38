/** The error of a call that cannot be sent. */
import { SerializationError } from '../../errors.ts';
import { reasonOf } from '../common/reason.ts';
import { explainRefusal, Refusal, type Root } from '../graph/refusal.ts';
import type { GraphWriter } from '../graph/writer.ts';
import type { AnyFunction } from './plans.ts';

/** The error of `prepareCall`, whatever was thrown inside: with the path of what cannot be sent, if that is the reason. */
export function callError(
  error: unknown,
  fn: AnyFunction,
  args: readonly unknown[],
  writer: GraphWriter,
): SerializationError {
  if (error instanceof SerializationError) return error;
  if (error instanceof Refusal) {
    const roots: Root[] = [{ name: 'the function', value: fn, silent: true }];
    args.forEach((value, index) => {
      roots.push({ name: `argument ${index}`, value });
    });
    return explainRefusal(error, 'the task', roots, (owner) => writer.edgesOf(owner));
  }
  return new SerializationError(`cannot send the task: ${reasonOf(error)}`, { cause: error });
}
