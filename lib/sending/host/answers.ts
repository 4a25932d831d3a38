/** Answers of workers to values. They are not trusted: nothing in them is evaluated. */
import { SerializationError } from '../../errors.ts';
import {
  ERROR_GRAPH,
  ERROR_LOST,
  LOST,
  VALUE_CLONE,
  VALUE_GRAPH,
  VALUE_HEADER,
  VALUE_ITEM,
} from '../common/format.ts';
import type { Payload } from '../common/payload.ts';
import { reasonOf } from '../common/reason.ts';
import type { Resolver } from '../graph/resolver.ts';
import { lost, malformed } from '../values/bytes.ts';
import { readForeignClone, readOne } from '../values/encode.ts';
import { graphs } from './rich.ts';

/**
 * Of what was thrown, and of errors among results, that is left out which this process refuses.
 *
 * @throws SerializationError if it cannot be rebuilt.
 */
export function readAnswer(payload: Payload, resolver: () => Resolver): unknown {
  try {
    return read(payload, resolver);
  } catch (error) {
    if (error instanceof SerializationError) throw error;
    throw new SerializationError(`cannot read the answer of the worker: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

function read({ body, views }: Payload, resolver: () => Resolver): unknown {
  switch (body[0]) {
    case VALUE_ITEM:
      return readOne(body, VALUE_HEADER, views);
    case VALUE_CLONE:
      return readForeignClone(body, VALUE_HEADER, views);
    case ERROR_GRAPH:
    case VALUE_GRAPH: {
      const { GraphReader } = graphs();
      const reader = new GraphReader(resolver(), views, body[0] === ERROR_GRAPH);
      reader.open(body, VALUE_HEADER);
      return reader.build();
    }
    case ERROR_LOST:
      return new SerializationError(String(readOne(body, VALUE_HEADER, views)));
    case LOST:
      throw lost(body, 'the answer of the worker', 'this process');
    default:
      throw malformed(`an answer of the unknown kind ${body[0]}`);
  }
}
