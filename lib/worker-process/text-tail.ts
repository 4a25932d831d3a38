/** Keeps the end of a stream of text. */

export interface TextTail {
  add(chunk: Buffer): void;
  text(): string;
}

export function createTextTail(maxBytes: number): TextTail {
  let chunks: Buffer[] = [];
  let bytes = 0;
  return {
    add(chunk) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > 4 * maxBytes) {
        chunks = [Buffer.concat(chunks).subarray(-maxBytes)];
        bytes = maxBytes;
      }
    },
    text() {
      const all = Buffer.concat(chunks);
      if (all.length <= maxBytes) return all.toString();
      const tail = all.subarray(-maxBytes).toString();
      return tail.slice(tail.indexOf('\n') + 1);
    },
  };
}
