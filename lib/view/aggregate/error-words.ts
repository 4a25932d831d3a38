/** The text of an error, with its causes. Whatever was thrown, this does not throw. */
import { describeThrown, isError, messageOf } from '../../system/thrown.ts';
import type { Words } from './failures.ts';

const MOST_CAUSES = 4;

export function wordsOf(error: unknown): Words {
  const name = nameOf(error);
  const message = messageOf(error);
  const chain = [describeThrown(error)];
  for (let cause = causeOf(error); cause !== undefined && chain.length <= MOST_CAUSES; cause = causeOf(cause))
    chain.push(`Caused by: ${describeThrown(cause)}`);
  return {
    message: name === undefined || message.startsWith(name) ? message : `${name}: ${message}`,
    stack: isError(error) ? chain.join('\n') : undefined,
  };
}

function nameOf(error: unknown): string | undefined {
  try {
    const { name } = error as { name?: unknown };
    return isError(error) && typeof name === 'string' && name !== '' ? name : undefined;
  } catch {
    return undefined;
  }
}

function causeOf(error: unknown): unknown {
  try {
    return isError(error) ? error.cause : undefined;
  } catch {
    return undefined;
  }
}
