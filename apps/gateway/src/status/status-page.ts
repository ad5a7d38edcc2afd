/** One line of the page: a part of the installation and whether it answers. */
export interface PartState {
  name: string;
  up: boolean;
  /** What that means for users, when it is down. */
  note?: string;
}

const STYLE = `
body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem;color:#1b1b1f;background:#fff}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #ddd}
code{background:#f2f2f5;padding:.1rem .3rem;border-radius:.2rem}
@media(prefers-color-scheme:dark){body{color:#eee;background:#17171a}td,th{border-color:#444}code{background:#2a2a30}a{color:#9bf}}`;

/** Plain HTML for people: no script, nothing secret, nothing of a tenant. */
export function statusPage(parts: readonly PartState[]): string {
  const up = parts.every((part) => part.up);
  const rows = parts.map(
    ({ name, up: works, note }) =>
      `<tr><td>${escape(name)}</td><td>${works ? '✔ up' : '✘ down'}</td><td>${escape(works ? '' : (note ?? ''))}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>EasyFlow</title><style>${STYLE}</style></head>
<body>
<h1>EasyFlow</h1>
<p>${up ? 'All parts are up.' : 'Something is down.'}</p>
<table><thead><tr><th>Part</th><th>State</th><th></th></tr></thead><tbody>${rows.join('')}</tbody></table>
<p>For programs: <a href="/openapi.json">/openapi.json</a>, <a href="/healthz">/healthz</a>, <a href="/readyz">/readyz</a>, <a href="/.well-known/jwks.json">/.well-known/jwks.json</a>.</p>
<p>For people: <code>npx easyflow executions ls</code></p>
</body>
</html>
`;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
