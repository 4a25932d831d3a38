/** Asks the host to do something. It asks back first, and so does the page. */
import type { Action } from '../aggregate/messages.ts';
import { h } from './dom.ts';

export type Act = (action: Action) => void;

interface Answer {
  readonly question?: string;
  readonly code?: string;
  readonly done?: string;
  readonly refused?: string;
}

/** @param say Shows how it went. */
export function createActing(say: (text: string) => void): {
  readonly element: HTMLElement;
  readonly act: Act;
} {
  const question = h('p');
  let onYes: (() => void) | undefined;
  const close = (): void => dialog.close();
  const confirm = (): void => {
    close();
    onYes?.();
  };
  const yes = h('button.danger', { click: confirm }, 'Yes, do it');
  const no = h('button', { autofocus: true, click: close }, 'No');
  const dialog = h('dialog', {}, question, h('div.buttons', {}, yes, no));
  const act: Act = (action) => {
    void send(action, undefined).then((answer) => {
      const { code } = answer;
      if (answer.question === undefined || code === undefined) {
        say(answer.refused ?? 'The host did not answer.');
        return;
      }
      question.textContent = answer.question;
      onYes = () =>
        void send(action, code).then(({ done, refused }) =>
          say(done ?? refused ?? 'The host did not answer.'),
        );
      dialog.showModal();
    });
  };
  return { element: dialog, act };
}

async function send({ kind, ...rest }: Action, code: string | undefined): Promise<Answer> {
  const url = new URL(location.href);
  url.hash = '';
  url.searchParams.set('do', kind);
  for (const [name, value] of Object.entries(rest)) url.searchParams.set(name, String(value));
  if (code !== undefined) url.searchParams.set('code', code);
  try {
    const response = await fetch(url, { method: 'POST' });
    return response.ok ? ((await response.json()) as Answer) : { refused: await response.text() };
  } catch {
    return {};
  }
}
