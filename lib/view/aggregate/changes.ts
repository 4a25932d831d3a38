/** Which rows of a table are new or other than they were, and which are gone. */

export class Changes<Row extends { readonly key: string }> {
  #sent = new Map<string, string>();

  /** Compares with the rows of the call before. */
  take(rows: readonly Row[]): { changed: Row[]; gone: string[] } {
    const now = new Map(rows.map((row) => [row.key, JSON.stringify(row)]));
    const changed = rows.filter(({ key }) => this.#sent.get(key) !== now.get(key));
    const gone = [...this.#sent.keys()].filter((key) => !now.has(key));
    this.#sent = now;
    return { changed, gone };
  }
}
