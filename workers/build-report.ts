/**
 * Reports to the host what a call waits for before its function can run: which modules are being loaded, and that the call was
 * built. The clock of a task runs in between only. Calls that are built at once, as almost all are, are not reported.
 */
import { FrameKind } from '../lib/child/protocol.ts';
import type { WhileLoading } from '../lib/system/worker-link.ts';
import { natives } from './natives.ts';

interface Load {
  readonly name: string;
  readonly isAside: boolean;
}

export class BuildReport {
  /** When the call began to run, as far as that was reported; else when the worker began to build it. By `natives.uptime`. */
  startedAt = 0;
  readonly #loads = new Set<Load>();
  readonly #send: (kind: FrameKind, id: number, body?: Uint8Array) => void;
  #isAside = false;
  #current: number | undefined;
  #isBuilding = false;
  #isReported = false;
  #announced: number | undefined;

  /** @param send What it sends has left this process when it returns: what comes next may block this thread for long. */
  constructor(send: (kind: FrameKind, id: number, body?: Uint8Array) => void) {
    this.#send = send;
  }

  readonly whileLoading: WhileLoading = (name, load) => {
    const own: Load = { name, isAside: this.#isAside };
    this.#loads.add(own);
    if (!this.#isAside) this.#reportLoading();
    let loading: ReturnType<typeof load>;
    try {
      loading = load();
    } catch (error) {
      this.#loaded(own);
      throw error;
    }
    if (!(loading instanceof Promise)) {
      this.#loaded(own);
      return loading;
    }
    const settled = (): void => this.#loaded(own);
    loading.then(settled, settled);
    return loading;
  };

  /** What `prepare` loads belongs to no call: the next call may run while that is still loading. */
  aside(prepare: () => void): void {
    this.#isAside = true;
    prepare();
    this.#isAside = false;
  }

  /** The host wants a report when the call with this number was built. */
  announce(id: number): void {
    this.#announced = id;
  }

  /** The call with this number is being built; 0: the worker itself is. */
  begin(id: number): void {
    this.#current = id;
    this.#isBuilding = true;
    this.#isReported = false;
    this.startedAt = natives.uptime();
  }

  /** The call cannot be built at once. */
  waits(): void {
    if (!this.#isReported) this.#reportLoading();
  }

  /** The call was built, and runs from now on. */
  readonly built = (): void => {
    this.#isBuilding = false;
    if (this.#isReported || this.#announced === this.#current) this.#reportBuilt();
  };

  /** The call has ended. */
  end(): void {
    this.#current = undefined;
    this.#announced = undefined;
  }

  #reportLoading(): void {
    if (this.#current === undefined || this.#loads.size === 0) return;
    this.#isReported = true;
    const names = new Set([...this.#loads].map(({ name }) => name));
    this.#send(FrameKind.loading, this.#current, Buffer.from([...names].join(', ')));
  }

  #reportBuilt(): void {
    this.#isReported = false;
    this.#announced = undefined;
    this.#send(FrameKind.built, this.#current as number);
    this.startedAt = natives.uptime();
  }

  #loaded(load: Load): void {
    this.#loads.delete(load);
    if (this.#current === undefined || !this.#isReported) return;
    if (this.#isBuilding) this.#reportLoading();
    else if (![...this.#loads].some((each) => !each.isAside)) this.#reportBuilt();
  }
}
