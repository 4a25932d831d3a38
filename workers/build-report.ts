/**
 * Tells the host what a call waits for before its function can run: which modules are being loaded, and that the call was
 * built. The clock of a task runs in between only. Calls that are built at once, as almost all are, are not told.
 */
import { FrameKind } from '../lib/channel/frame.ts';
import type { WhileLoading } from '../lib/system/loading.ts';
import { natives } from './natives.ts';

export interface BuildReport {
  readonly whileLoading: WhileLoading;
  /** What `prepare` loads is nobody's: the next call may run while that is still loading. */
  aside(prepare: () => void): void;
  /** The host wants to hear of it when the call with this number was built. */
  announce(id: number): void;
  /** The call with this number is being built; 0: the worker itself is. */
  begin(id: number): void;
  /** The call cannot be built at once. */
  waits(): void;
  /** The call was built, and runs from now on. */
  built(): void;
  /** When the call began to run, as far as that was told; else when it began to be built. */
  startedAt(): number;
  /** The call has ended. */
  end(): void;
}

interface Load {
  readonly name: string;
  readonly isAside: boolean;
}

/** @param tell Has left this process when it returns: what comes next may block this thread for long. */
export function createBuildReport(
  tell: (kind: FrameKind, id: number, body?: Uint8Array) => void,
): BuildReport {
  const loads = new Set<Load>();
  let isAside = false;
  let current: number | undefined;
  let isBuilding = false;
  let isTold = false;
  let announced: number | undefined;
  let startedAt = 0;

  function tellLoading(): void {
    if (current === undefined || loads.size === 0) return;
    isTold = true;
    const names = new Set([...loads].map(({ name }) => name));
    tell(FrameKind.loading, current, Buffer.from([...names].join(', ')));
  }

  function tellBuilt(): void {
    isTold = false;
    announced = undefined;
    tell(FrameKind.built, current as number);
    startedAt = natives.now();
  }

  function ended(load: Load): void {
    loads.delete(load);
    if (current === undefined || !isTold) return;
    if (isBuilding) tellLoading();
    else if (![...loads].some((each) => !each.isAside)) tellBuilt();
  }

  return {
    whileLoading(name, load) {
      const own: Load = { name, isAside };
      loads.add(own);
      if (!isAside) tellLoading();
      let loading: ReturnType<typeof load>;
      try {
        loading = load();
      } catch (error) {
        ended(own);
        throw error;
      }
      if (!(loading instanceof Promise)) {
        ended(own);
        return loading;
      }
      const settled = (): void => ended(own);
      loading.then(settled, settled);
      return loading;
    },
    aside(prepare) {
      isAside = true;
      prepare();
      isAside = false;
    },
    announce(id) {
      announced = id;
    },
    begin(id) {
      current = id;
      isBuilding = true;
      isTold = false;
      startedAt = natives.now();
    },
    waits() {
      if (!isTold) tellLoading();
    },
    built() {
      isBuilding = false;
      if (isTold || announced === current) tellBuilt();
    },
    startedAt: () => startedAt,
    end() {
      current = undefined;
      announced = undefined;
    },
  };
}
