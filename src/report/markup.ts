/** HTML that is safe to put on a page: made by `markup` alone, which escapes every text put into it. */
export interface Markup {
  readonly html: string;
}

type Part = Markup | string | number | readonly Markup[];

/** Template tag: text and numbers are escaped, for content and for quoted attributes alike; markup goes in as it is. */
export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  const html = strings.reduce((page, text, index) => {
    const part = parts[index];
    return page + text + (part === undefined ? '' : toHtml(part));
  }, '');
  return { html };
}

export const NOTHING: Markup = { html: '' };

function toHtml(part: Part): string {
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part));
  return 'html' in part ? part.html : part.map((one) => one.html).join('');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
