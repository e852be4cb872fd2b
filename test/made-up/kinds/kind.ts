/**
 * What a server may do when it is asked for an item, and what may become of such an item: a row for each kind. The rows
 * say what may become of it from what HTTP and the promises say, not from what the program does.
 */
import type { ErrorCode } from '../../../src/errors.js';
import type { Step } from '../../helpers/raw-server.js';
import { type Answer, drawAnswer } from '../answers.js';
import type { Draw } from '../draw.js';
import type { Settings } from '../settings.js';

/** What became of an item; `unproven`: stored, and nothing but the end of the connection told where it ends. */
export type Fate = 'ok' | 'unproven' | 'not_found' | ErrorCode;

/** A request for an item. */
export interface Asked {
  /** From 1, over all runs. */
  readonly nth: number;
  /** What follows the item in the path. */
  readonly rest: string;
  /** The request line and the headers. */
  readonly head: string;
  /** All servers. */
  readonly origins: readonly string[];
}

export interface Character {
  /** For people. */
  readonly label: string;
  /** What the file of the item may hold; none for one that is never to be stored. */
  readonly bodies: readonly Buffer[];
  /** A beginning of the body is taken for it where nothing proves the end. */
  readonly mayBeCut?: boolean;
  /** The answer is whole before its last step. */
  readonly saysMore?: boolean;
  script(asked: Asked): Iterable<Step>;
  /**
   * What may become of it in a run that goes through to its end on sound storage.
   *
   * @param before requests for it in earlier runs
   */
  fates(settings: Settings, before: number): readonly Fate[];
  /** Requests for each try, at the most. Default: 1. */
  readonly steps?: number;
}

export interface Kind {
  readonly name: string;
  readonly weight: number;
  /** Takes seconds: there are to be few. */
  readonly dear?: boolean;
  /** In a run, at the most: a server that fails again and again is left alone for longer and longer. Default: no bound. */
  readonly most?: number;
  /** Whether it fits these settings. Default: always. */
  readonly fits?: (settings: Settings) => boolean;
  /** Nobody listens where it lies. */
  readonly nowhere?: boolean;
  draw(draw: Draw, name: string, settings: Settings): Character;
}

const ALWAYS = 1_000;
/** What a body is that breaks off. */
export const CUT: readonly Fate[] = ['NET_RESET', 'BODY_CUT'];

/** Fails so many times, and is as it should be after that. */
export function failing(
  label: string,
  times: number,
  fates: readonly Fate[],
  good: Answer,
  bad: (asked: Asked) => Iterable<Step>,
): Character {
  const often = times === ALWAYS ? 'always' : times === 1 ? 'once' : `${times} times`;
  return {
    label: `${label} ${often}, then ${good.label}`,
    bodies: [good.body],
    script: (asked) => (asked.nth <= times ? bad(asked) : good.script()),
    fates: ({ tries }, before) => {
      const left = Math.max(0, times - before);
      return left < tries ? ['ok'] : fates;
    },
  };
}

export function always(label: string, fates: readonly Fate[], script: (asked: Asked) => Iterable<Step>): Character {
  return { label, bodies: [], script, fates: () => fates };
}

/** How often something goes wrong. */
export function times(draw: Draw): number {
  return draw.pick([1, 1, 2, ALWAYS]);
}

export function good(draw: Draw, settings: Settings): Answer {
  return drawAnswer(draw, settings.imageCheck !== 'none');
}
