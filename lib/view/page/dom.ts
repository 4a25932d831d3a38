/** Elements, made and changed without ever reading a text as markup. */

type Child = Node | string | undefined;
type Attributes = Readonly<Record<string, string | number | boolean | (() => void) | undefined>>;

/**
 * @param tag `div`, or `div.some.classes`
 * @param attributes A function is a listener, by the name of its event.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K | `${K}.${string}`,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const [name, ...classes] = tag.split('.') as [K, ...string[]];
  const element = document.createElement(name);
  if (classes.length > 0) element.className = classes.join(' ');
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(key, value);
    else if (value !== undefined && value !== false)
      element.setAttribute(key, value === true ? '' : String(value));
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setClass(element: Element, name: string, isOn: boolean): void {
  if (element.classList.contains(name) !== isOn) element.classList.toggle(name, isOn);
}

/** Puts the elements into this order, and moves only those that are elsewhere: what has the focus keeps it. */
function arrange(parent: Element, elements: readonly Element[]): void {
  const wanted = new Set<Element>(elements);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  for (const [index, element] of elements.entries())
    if (parent.children[index] !== element) parent.insertBefore(element, parent.children[index] ?? null);
}

/** A list of names with what is said of each, in the order in which they came. */
export function factList(): { readonly element: HTMLElement; say(name: string, text: string): void } {
  const element = h('dl');
  const values = new Map<string, HTMLElement>();
  return {
    element,
    say(name, text) {
      let value = values.get(name);
      if (value === undefined) {
        value = h('dd');
        values.set(name, value);
        element.append(h('dt', {}, name), value);
      }
      setText(value, text);
    },
  };
}

/** The children of an element, one for each entry of a list: an entry has the same one for as long as its key is there. */
export function keyedItems<Entry, Item extends { readonly element: HTMLElement }>(
  parent: Element,
  keyOf: (entry: Entry) => unknown,
  create: (entry: Entry) => Item,
) {
  let items = new Map<unknown, Item>();
  return {
    get: (key: unknown): Item | undefined => items.get(key),
    /** @returns the items that are gone. */
    show(entries: readonly Entry[], update: (item: Item, entry: Entry) => void): Iterable<Item> {
      const former = items;
      items = new Map();
      for (const entry of entries) {
        const key = keyOf(entry);
        const item = former.get(key) ?? create(entry);
        former.delete(key);
        items.set(key, item);
        update(item, entry);
      }
      arrange(
        parent,
        Array.from(items.values(), ({ element }) => element),
      );
      return former.values();
    },
  };
}
