/**
 * V8's structured clone, with binary views in our own hands: only a view's own range is written, a Buffer comes
 * back as a Buffer, and large views travel beside the message.
 */
import { Deserializer, Serializer } from 'node:v8';
import { addView, type Payload, payloadOf } from '../common/payload.ts';
import { malformed } from './bytes.ts';
import { binaryKind, bytesOf, copyOf, fromBytes, OUT_OF_BAND, viewAt } from './views.ts';

const INLINE = 0;
const ASIDE = 1;

interface SerializerHooks {
  _setTreatArrayBufferViewsAsHostObjects(on: boolean): void;
  _writeHostObject(view: object): void;
  _getDataCloneError: ErrorConstructor;
}

/**
 * Binary data that goes beside the message is copied, unless `keep` says otherwise.
 *
 * @throws Error of V8 if something cannot be cloned.
 */
export function writeClone(
  value: unknown,
  header: Uint8Array,
  keep: (bytes: Uint8Array) => Uint8Array = copyOf,
): Payload {
  const serializer = new Serializer();
  const hooks = serializer as unknown as SerializerHooks;
  const views: Uint8Array[] = [];
  hooks._setTreatArrayBufferViewsAsHostObjects(true);
  hooks._getDataCloneError = Error;
  hooks._writeHostObject = (view) => {
    const kind = binaryKind(view);
    if (kind === -1) throw new Error(`${Object.prototype.toString.call(view)} could not be cloned.`);
    const bytes = bytesOf(view);
    const aside = bytes.byteLength >= OUT_OF_BAND;
    serializer.writeUint32(aside ? ASIDE : INLINE);
    serializer.writeUint32(kind);
    if (aside) {
      serializer.writeUint32(addView(views, keep(bytes)));
    } else {
      serializer.writeUint32(bytes.byteLength);
      serializer.writeRawBytes(bytes);
    }
  };
  serializer.writeRawBytes(header);
  serializer.writeHeader();
  serializer.writeValue(value);
  return payloadOf(serializer.releaseBuffer(), views);
}

interface DeserializerHooks {
  _readHostObject(): object;
  readRawBytes(length: number): Buffer;
}

/** @throws Error of V8, or a `SerializationError`, if `body` is not what `writeClone` wrote. */
export function readClone(body: Buffer, views: readonly Uint8Array[]): unknown {
  const deserializer = new Deserializer(body);
  const hooks = deserializer as unknown as DeserializerHooks;
  hooks._readHostObject = () => {
    const aside = deserializer.readUint32() === ASIDE;
    const kind = deserializer.readUint32();
    const size = deserializer.readUint32();
    return fromBytes(kind, aside ? viewAt(views, size) : deserializer.readRawBytes(size));
  };
  if (!deserializer.readHeader()) throw malformed('the header is missing');
  return deserializer.readValue() as unknown;
}
