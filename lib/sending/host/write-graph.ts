/** The graph of a value with all that goes with it, written again as long as that shows more of the message. */
import type { SerializationError } from '../../errors.ts';
import type { Payload } from '../common/payload.ts';
import type { NamedReducer } from '../common/reducers.ts';
import type { ShareOf } from '../common/shared.ts';
import type { Member } from '../functions/added.ts';
import { GraphWriter } from '../graph/writer.ts';
import type { Reading } from './plans.ts';
import { HostPolicy } from './policy.ts';
import { writeWhole } from './whole-message.ts';

interface Terms {
  readonly reducers: readonly NamedReducer[];
  readonly mainByReference: boolean;
  /** What a function that the worker has already reads from globals. */
  readonly reads?: readonly Member[] | undefined;
  readonly reading?: Reading;
  readonly shareOf?: ShareOf | undefined;
}

/** A payload, and what wrote it. */
interface Written {
  readonly payload: Payload;
  readonly policy: HostPolicy;
  readonly writer: GraphWriter;
}

/**
 * @param rootOf Called for each writing.
 * @param errorOf Makes the error of whatever was thrown inside.
 */
export function writeGraph(
  { reducers, mainByReference, reads = [], reading, shareOf }: Terms,
  header: Uint8Array,
  rootOf: (writer: GraphWriter) => unknown,
  errorOf: (error: unknown, writer: GraphWriter) => SerializationError,
): Written {
  let policy = new HostPolicy(reducers, mainByReference);
  let writer = new GraphWriter(policy);
  try {
    const payload = writeWhole((message) => {
      message.noteReads(reads);
      policy = new HostPolicy(reducers, mainByReference, message, reading, shareOf);
      writer = new GraphWriter(policy);
      return writer.write(rootOf(writer), header);
    });
    return { payload, policy, writer };
  } catch (error) {
    throw errorOf(error, writer);
  }
}
