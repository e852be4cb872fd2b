/**
 * What runs in the browser: it is sent as text, so nothing outside of the function is known to it, and of the browser's types
 * only what it uses is declared. What it puts into the page was made where {@link markup} has escaped it.
 */

interface Element {
  innerHTML: string;
  textContent: string | null;
  setAttribute(name: string, value: string): void;
  addEventListener(type: 'click', listener: () => void): void;
}

interface Stream {
  readonly readyState: number;
  onerror: () => void;
  onopen: () => void;
  addEventListener(type: string, listener: (event: { readonly data: string }) => void): void;
  close(): void;
}

declare const document: {
  readonly documentElement: Element;
  getElementById(id: string): Element | null;
};
declare const EventSource: new (url: string) => Stream;

export function live(): void {
  /** Milliseconds without news after which something is wrong, and after which a stream that was refused is asked for again. */
  const LATE = 5_000;
  const shown: Record<string, string> = {};
  let waiting: Record<string, string> = {};
  let isPaused = false;
  let hasEnded = false;
  let news = Date.now();

  const of = (id: string): Element => document.getElementById(id) as Element;
  const say = (state: string, text: string): void => {
    document.documentElement.setAttribute('data-state', state);
    // What is said again would be read aloud again.
    if (of('status').textContent !== text) of('status').textContent = text;
  };
  const sayLost = (): void =>
    say('lost', 'The connection is lost: the run may have ended, or this machine cannot reach it. Trying again.');
  const sayHow = (): void => {
    if (hasEnded) say('ended', 'The run has ended. This is how it was at its end.');
    else if (isPaused) say('paused', 'Paused: the run goes on.');
    else say('live', 'Live, twice a second.');
  };
  const show = (parts: Record<string, string>): void => {
    for (const id of Object.keys(parts)) {
      const text = parts[id] ?? '';
      if (shown[id] === text) continue;
      shown[id] = text;
      of(id).innerHTML = text;
    }
  };

  const listen = (): void => {
    const stream = new EventSource('view');
    stream.addEventListener('parts', ({ data }) => {
      news = Date.now();
      waiting = JSON.parse(data) as Record<string, string>;
      if (!isPaused) show(waiting);
      sayHow();
    });
    stream.addEventListener('end', () => {
      hasEnded = true;
      stream.close();
      show(waiting);
      sayHow();
    });
    stream.onerror = () => {
      if (hasEnded) return;
      sayLost();
      // The browser asks again by itself, but for where it was refused.
      if (stream.readyState === 2) setTimeout(listen, LATE);
    };
  };

  of('pause').addEventListener('click', () => {
    isPaused = !isPaused;
    of('pause').setAttribute('aria-pressed', String(isPaused));
    if (!isPaused) show(waiting);
    sayHow();
  });
  setInterval(() => {
    if (!hasEnded && Date.now() - news > LATE) sayLost();
  }, 1_000);
  listen();
}
