import { createHash } from 'node:crypto';
import type { PartState } from './part-state';

const STYLE = `
body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem;color:#1b1b1f;background:#fff}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #ddd}
code{background:#f2f2f5;padding:.1rem .3rem;border-radius:.2rem}
@media(prefers-color-scheme:dark){body{color:#eee;background:#17171a}td,th{border-color:#444}code{background:#2a2a30}a{color:#9bf}}`;

/** Nothing but this page's own style may be loaded, run, framed or sent anywhere. */
export const STATUS_PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const WORDS: Readonly<Record<PartState['state'], string>> = {
  up: '✔ up',
  partly: '◐ partly up',
  down: '✘ down',
  unknown: '? not known',
};

/** Plain HTML for people: no script, nothing secret, nothing of a tenant. */
export function statusPage(parts: readonly PartState[]): string {
  const rows = parts.map(
    ({ name, state, note }) =>
      `<tr><td>${escape(name)}</td><td>${WORDS[state]}</td><td>${escape(note ?? '')}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>EasyFlow</title><style>${STYLE}</style></head>
<body>
<h1>EasyFlow</h1>
<p>${summary(parts)}</p>
<table><thead><tr><th>Part</th><th>State</th><th></th></tr></thead><tbody>${rows.join('')}</tbody></table>
<p>For programs: <a href="/openapi.json">/openapi.json</a>, <a href="/healthz">/healthz</a>, <a href="/readyz">/readyz</a>, <a href="/.well-known/jwks.json">/.well-known/jwks.json</a>.</p>
<p>For people: <code>npx easyflow executions ls</code></p>
</body>
</html>
`;
}

function summary(parts: readonly PartState[]): string {
  if (parts.some(({ state }) => state === 'down' || state === 'partly'))
    return 'Something is down.';
  if (parts.some(({ state }) => state === 'unknown')) return 'All parts that are known are up.';
  return 'All parts are up.';
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
