import { inspect } from 'node:util';

/** A text that must not be seen: printing, logging and JSON show `shown`; only `reveal()` gives the text itself. */
export interface Secret {
  readonly reveal: () => string;
  readonly toString: () => string;
  readonly toJSON: () => string;
}

export function secret(text: string, shown = '***'): Secret {
  const show = (): string => shown;
  return Object.freeze({ reveal: () => text, toString: show, toJSON: show, [inspect.custom]: show });
}

/** A connection URL without its password and parameters, which may hold one: `postgres://worker:***@127.0.0.1:5432/warehouse`. */
export function redactUrl(text: string): string {
  if (!URL.canParse(text)) return '***';
  const url = new URL(text);
  const user = url.username === '' ? '' : `${url.username}${url.password === '' ? '' : ':***'}@`;
  return `${url.protocol}//${user}${url.host}${url.pathname}`;
}
