/** The box that says what lies under the pointer, or what the keyboard has chosen. */
import { h } from './dom.ts';

export interface Tip {
  readonly element: HTMLElement;
  show(lines: readonly string[], x: number, y: number): void;
  hide(): void;
}

export function createTip(): Tip {
  const element = h('div.tip', { role: 'status', hidden: true });
  return {
    element,
    show(lines, x, y) {
      element.replaceChildren(...lines.map((line, index) => h(index === 0 ? 'strong' : 'span', {}, line)));
      element.hidden = false;
      const { offsetWidth: width, offsetHeight: height } = element;
      element.style.left = `${Math.max(4, Math.min(innerWidth - width - 8, x + 12))}px`;
      element.style.top = `${y + 16 + height > innerHeight ? Math.max(4, y - height - 12) : y + 16}px`;
    },
    hide() {
      element.hidden = true;
    },
  };
}
