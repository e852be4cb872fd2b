/** What values an option takes: how a text on the command line is read, and what a value is checked for. */
import { resolve } from 'node:path';
import { UsageError } from '../errors.js';
import { parseTemplate, type Template } from '../plan/template.js';
import type { SimulatedLatency } from '../protocol/settings.js';
import { parseProxy, type ProxyServer } from './proxy.js';
import { headerFault, splitHeader } from '../shared/header-line.js';

export interface Kind<In, Out> {
  /** What a text of the command line says. Default: the text. @throws UnusableText */
  readonly read?: (text: string, before?: unknown) => unknown;
  /** All values that there are. */
  readonly choices?: readonly string[];
  /** Bounds, for the documentation: `1 to 64`. */
  readonly bounds?: string;
  /** What JavaScript calls values of it, where {@link check} relies on that: a program may give anything. */
  readonly types?: readonly ('string' | 'boolean' | 'object')[];
  /** @param option its name, without dashes @throws UsageError */
  readonly check: (option: string, value: In) => Out;
}

/** A text that says something. */
export const text: Kind<string, string> = {
  types: ['string'],
  check: (option, value) => {
    if (value !== '') return value;
    throw new UsageError(`--${option} is empty`, 'name something, or leave it out');
  },
};

/** A text that says nothing which the option takes; its message tells what to give. */
export class UnusableText extends Error {}

export function readWhole(text: string): number {
  if (!/^[+-]?\d+$/.test(text.trim())) throw new UnusableText('Give a whole number.');
  return Number(text);
}

export function readNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) throw new UnusableText('Give a number.');
  return value;
}

/** For what may be repeated. */
export function collect(text: string, before?: unknown): readonly string[] {
  return [...((before as readonly string[] | undefined) ?? []), text];
}

export function whole(least: number, most: number): Kind<number, number> {
  const check = (option: string, value: number): number => {
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new UsageError(`--${option} ${value} is out of bounds`, `give a whole number from ${least} to ${most}`);
  };
  return { read: readWhole, bounds: `${grouped(least)} to ${grouped(most)}`, check };
}

export function wholeOrAuto(least: number, most: number): Kind<number | 'auto', number | 'auto'> {
  const { bounds, check } = whole(least, most);
  return {
    read: (text) => {
      if (text === 'auto') return text;
      if (!/^[+-]?\d+$/.test(text.trim())) throw new UnusableText('Give a whole number, or auto.');
      return Number(text);
    },
    bounds: `${bounds}, or auto`,
    check: (option, value) => (value === 'auto' ? value : check(option, value)),
  };
}

const MAX_SECONDS = 24 * 60 * 60;

/**
 * Seconds, resolved to milliseconds; at most a day, because Node's timers fire at once when they are set beyond 2^31 ms.
 * Whole milliseconds: undici takes no other, and 1000 * 1.001 is not whole.
 */
export const seconds: Kind<number, number> = {
  read: readNumber,
  bounds: 'up to a day',
  check: (option, value) => {
    if (value > 0 && value <= MAX_SECONDS) return Math.ceil(1000 * value);
    const hint = `give a number of seconds above 0 and up to ${MAX_SECONDS}`;
    throw new UsageError(`--${option} ${value} is out of bounds`, hint);
  },
};

/** The same, or none, or without end. */
export const anySeconds: Kind<number, number> = {
  ...seconds,
  check: (option, value) => (value === 0 || value === Infinity ? 1000 * value : seconds.check(option, value)),
};

export function oneOf<T extends string>(choices: readonly T[]): Kind<T, T> {
  const check = (option: string, value: string): T => {
    const found = choices.find((candidate) => candidate === value);
    if (found !== undefined) return found;
    throw new UsageError(`--${option} ${value} is unknown`, `give one of ${choices.join(', ')}`);
  };
  return { choices, check };
}

export const yesOrNo: Kind<boolean, boolean> = { types: ['boolean'], check: (_option, value) => value };

/** `false`, or an empty text as curl has it, for none. */
export const proxy: Kind<string | false, ProxyServer | false> = {
  types: ['string', 'boolean'],
  check: (option, value) => value !== false && value !== '' && parseProxy(value, `--${option}`),
};

/** A text that may be empty. */
export const anyText: Kind<string, string> = { types: ['string'], check: (_option, value) => value };

/** `NAME:PASSWORD`. What is wrong is not shown: it may be the password. */
export const credentials: Kind<string, string> = {
  types: ['string'],
  check: (option, value) => {
    if (value.indexOf(':') > 0) return value;
    const hint = `write --${option} NAME:PASSWORD, or take --netrc, which no other program on this machine sees`;
    throw new UsageError(`--${option} has no name or no password`, hint);
  },
};

/** A path, made absolute. */
export const folder: Kind<string, string> = {
  types: ['string'],
  check: (option, value) => {
    if (value === '') throw new UsageError(`--${option} is empty`, 'name a folder');
    return resolve(value);
  },
};

/** The same of a file. */
export const file: Kind<string, string> = {
  types: ['string'],
  check: (option, value) => {
    if (value === '') throw new UsageError(`--${option} is empty`, 'name a file');
    return resolve(value);
  },
};

const MIB = 2 ** 20;
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  K: 2 ** 10,
  M: MIB,
  G: 2 ** 30,
  T: 2 ** 40,
  KIB: 2 ** 10,
  MIB,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
};

/** Bytes, or a number with a unit: K, M, G, T and KiB ... are powers of 1,024, KB ... of 1,000. @throws UsageError */
export function parseSize(option: string, value: number | string, least: number): number {
  const parts = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(String(value));
  const unit = UNITS[parts?.[2]?.toUpperCase() ?? ''];
  if (parts === null || unit === undefined) {
    throw new UsageError(`--${option} ${value} is no size`, 'give bytes, or a number with a unit, such as 256MiB');
  }
  const bytes = Math.floor(Number(parts[1]) * unit);
  if (bytes < least) {
    throw new UsageError(`--${option} ${value} is too small`, `give at least ${formatLeast(least)}`);
  }
  return bytes;
}

export function size(least: number): Kind<number | string, number> {
  return {
    ...(least > 1 && { bounds: `at least ${formatLeast(least)}` }),
    check: (option, value) => parseSize(option, value, least),
  };
}

const SECONDS_IN: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600 };
/** Requests a second: one a day, and more than any computer makes. */
const RATES = { least: 1 / (24 * 60 * 60), most: 1e6 };

/** Requests in a time: `10/s`, `90/m`, `1000/h`, or a number of them a second; resolved to that number. */
export const rate: Kind<number | string, number> = {
  bounds: 'above 0; `/s`, `/m` or `/h`',
  check: (option, value) => {
    const [, number, unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*(?:\/\s*([smh])\s*)?$/i.exec(String(value)) ?? [];
    const example = 'such as 10/s, 90/m or 1000/h';
    if (number === undefined) {
      throw new UsageError(`--${option} ${value} is no rate`, `give requests in a time, ${example}`);
    }
    const perSecond = Number(number) / (SECONDS_IN[unit.toLowerCase()] as number);
    if (perSecond === 0) {
      const hint = `give more than 0, ${example}, or leave it out for no limit`;
      throw new UsageError(`--${option} ${value} would request nothing`, hint);
    }
    if (perSecond >= RATES.least && perSecond <= RATES.most) return perSecond;
    const hint = 'give a rate from one a day to a million a second, or leave it out for no limit';
    throw new UsageError(`--${option} ${value} is out of bounds`, hint);
  },
};

/** Bytes a second. */
export const byteRate: Kind<number | string, number> = {
  bounds: 'at least 1',
  check: (option, value) => {
    const bytes = parseSize(option, value, 0);
    if (bytes > 0) return bytes;
    const hint = 'give bytes a second, such as 500k or 2M, or leave it out for no limit';
    throw new UsageError(`--${option} ${value} would read nothing`, hint);
  },
};

function formatLeast(bytes: number): string {
  return bytes >= MIB ? `${bytes / MIB}MiB` : String(bytes);
}

/** `1,048,576`. Without Intl, which takes some ten milliseconds to load, at every start. */
function grouped(number: number): string {
  return String(number).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
}

/** By name, or as lines `Name: value`; resolved to name, value, name, value ... */
export const headers: Kind<Readonly<Record<string, string>> | readonly string[], readonly string[]> = {
  types: ['object'],
  read: collect,
  check: (_option, given) => {
    const fields = Array.isArray(given) ? Object.entries(fromLines(given as readonly string[])) : Object.entries(given);
    return fields.flatMap(([name, value]) => checkHeader(name, value));
  },
};

function fromLines(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const header = splitHeader(line);
      if (header !== undefined) return header;
      throw new UsageError(`--header ${JSON.stringify(line)} is no header`, "write it as 'Name: value'");
    }),
  );
}

function checkHeader(name: string, value: string): [string, string] {
  const fault = headerFault(name, value);
  if (fault === 'no header') {
    throw new UsageError(`--header ${JSON.stringify(`${name}: ${value}`)} is no header`, "write it as 'Name: value'");
  }
  if (fault === 'of the connection') {
    throw new UsageError(`--header ${name} belongs to the connection`, 'leave it out');
  }
  return [name, value];
}

/** The value of that header. */
export const userAgent: Kind<string, string> = {
  types: ['string'],
  check: (option, value) => {
    if (value.trim() !== '' && headerFault(option, value) === undefined) return value;
    const hint = 'give a line of Latin letters, such as my-program/1.0 (+https://example.com/about)';
    throw new UsageError(`--${option} ${JSON.stringify(value)} cannot be sent`, hint);
  },
};

const DIRECTIVE = /^[a-z][a-z_-]*$/i;
/** What img2dataset respects unless it is told otherwise. */
const DIRECTIVES = ['noai', 'noimageai', 'noindex', 'noimageindex'];

/** Names, in lower case. */
export const directives: Kind<readonly string[] | true, ReadonlySet<string>> = {
  read: (text) => {
    const names = text.split(',').map((name) => name.trim());
    if (names.every((name) => DIRECTIVE.test(name))) return names;
    // It is most likely a URL that follows.
    throw new UnusableText('Give names with commas between them, or the option as the last argument.');
  },
  check: (option, given) => {
    const names = given === true ? DIRECTIVES : given;
    const wrong = names.find((name) => !DIRECTIVE.test(name));
    if (wrong === undefined && names.length > 0) return new Set(names.map((name) => name.toLowerCase()));
    throw new UsageError(`--${option} ${JSON.stringify(wrong ?? '')} is no directive`, 'give names such as noai');
  },
};

/** Milliseconds. */
const MAX_LATENCY = 60_000;

/** On the command line two numbers: `5,5`. */
export const latency: Kind<SimulatedLatency, SimulatedLatency> = {
  types: ['object'],
  read: (text) => {
    const [, name, write] = /^\s*(\d+(?:\.\d+)?)\s*,\s*(\d+(?:\.\d+)?)\s*$/.exec(text) ?? [];
    if (name !== undefined && write !== undefined) return { name: Number(name), write: Number(write) };
    throw new UsageError(
      `--simulate-latency ${text} is no pair of numbers`,
      'give milliseconds for each name and for each write, such as 5,5',
    );
  },
  check: (option, simulated) => {
    for (const value of [simulated.name, simulated.write]) {
      if (Number.isFinite(value) && value >= 0 && value <= MAX_LATENCY) continue;
      throw new UsageError(
        `--${option} ${simulated.name},${simulated.write} is out of bounds`,
        `give two numbers of milliseconds from 0 to ${MAX_LATENCY}`,
      );
    }
    return simulated;
  },
};

/** How names are made. */
export const template: Kind<string, Template> = { types: ['string'], check: parseTemplate };

export const abortSignal: Kind<AbortSignal, AbortSignal> = { types: ['object'], check: (_option, value) => value };
