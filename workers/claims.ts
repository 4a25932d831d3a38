/** Which of the calls that were sent ahead may begin: those whose claim this worker gets before the host takes it back. */
import { type ClaimReader, createClaimReader } from '../lib/channel/claims.ts';
import { natives } from './natives.ts';

export interface Claims {
  /** To be asked for each call that was sent ahead, in their order. */
  mayBegin(id: number): boolean;
}

export function createClaims(reader: ClaimReader = createClaimReader(natives.readSync)): Claims {
  let claimed: number | undefined;
  return {
    mayBegin(id) {
      claimed ??= reader.next();
      if (claimed !== id) return false; // a later one, or none: this one was taken back
      claimed = undefined;
      return true;
    },
  };
}
