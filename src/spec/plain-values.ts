import { nearestWord } from './nearest-word.ts';
import type { Reader } from './reader.ts';
import { textReader } from './reader.ts';

/** One line of text; YAML turns `2841` into a number, which would lose leading zeros, so text must be text. */
export function lineReader(longest: number): Reader<string> {
  const allowed = `one line of text of at most ${longest} characters`;
  return {
    allowed,
    read(value) {
      if (typeof value === 'number' || typeof value === 'boolean') return { problem: 'not text (put it in quotes)' };
      if (typeof value !== 'string') return { problem: 'not text' };
      const text = value.trim();
      if (text === '') return { problem: 'has no value' };
      if (hasControlCharacter(text)) return { problem: 'text with a line break or a control character' };
      return text.length > longest ? { problem: 'text that is too long' } : { value: text };
    },
  };
}

function hasControlCharacter(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

export function integerReader(least: number, most: number): Reader<number> {
  return {
    allowed: `a whole number from ${least} to ${most}`,
    read(value) {
      if (typeof value !== 'number' || !Number.isInteger(value)) return { problem: 'not a whole number' };
      return value < least || value > most ? { problem: 'a number out of range' } : { value };
    },
  };
}

/** A number of zero or more, in the unit of the measure it is compared with. */
export const amountReader: Reader<number> = {
  allowed: 'a number of zero or more',
  read: (value) =>
    typeof value === 'number' && Number.isFinite(value) && value >= 0 ? { value } : { problem: 'not an amount' },
};

export const booleanReader: Reader<boolean> = {
  allowed: 'true or false',
  read: (value) => (typeof value === 'boolean' ? { value } : { problem: 'neither true nor false' }),
};

/** One of a few words. `later` names words that are understood but that this version does not act on. */
export function choiceReader<T extends string>(choices: readonly T[], later: readonly string[] = []): Reader<T> {
  return {
    allowed: choices.join(', '),
    read(value) {
      const choice = choices.find((one) => one === value);
      if (choice !== undefined) return { value: choice };
      if (typeof value !== 'string') return { problem: 'not one of the choices' };
      if (later.includes(value)) return { problem: 'not supported by this version:' };
      const nearest = nearestWord(value, choices);
      return { problem: 'not one of the choices', ...(nearest === undefined ? {} : { nearest }) };
    },
  };
}

export const backfillIdReader = textReader(
  'a backfill id',
  'up to 63 lower-case letters, digits and hyphens, beginning with a letter or digit',
  (text) => (/^[a-z0-9][a-z0-9-]{0,62}$/.test(text) ? { value: text } : null),
);

/** `HH:MM`, 00:00 to 23:59. */
export const clockReader = textReader('a time of day', 'HH:MM from 00:00 to 23:59', (text) =>
  /^([01]\d|2[0-3]):[0-5]\d$/.test(text) ? { value: text } : null,
);

/** A zone by name, since an offset such as `+02:00` does not follow the change of clocks. */
export const timeZoneReader = textReader('a time zone', 'a zone by name such as Europe/Berlin, or UTC', (text) =>
  /^[A-Za-z][\w+/-]*$/.test(text) && isKnownZone(text) ? { value: text } : null,
);

function isKnownZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
