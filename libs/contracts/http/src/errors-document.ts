import { problemKinds, problemMediaType } from './problem';

/** The text of docs/errors.md: every code an answer may carry, from the same table that answers are made of. */
export function errorsDocument(): string {
  const rows = Object.entries(problemKinds).map(
    ([code, { status, title, remedy }]) =>
      `| \`${code}\` | ${status} | ${title} | ${remedy.replaceAll('|', '\\|')} |`,
  );
  return `# Errors

Every error answer is \`${problemMediaType}\` (RFC 9457):

\`\`\`json
{
  "type": "urn:easyflow:problem:input.invalid",
  "title": "The input does not fit the flow’s schema",
  "status": 422,
  "code": "input.invalid",
  "detail": "The input does not fit the flow's schema: #/amount must be number",
  "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
  "errors": [{ "pointer": "#/amount", "message": "must be number" }]
}
\`\`\`

Branch on \`code\`: codes are stable, texts are not. \`errors\` names places by a URI fragment into the document or the
input, with the line of the text where there is one. 401 carries \`WWW-Authenticate: Bearer\`; 429 and 503 carry
\`Retry-After\`, and the same request may then succeed unchanged. \`traceId\` finds the request in logs and traces.

This page is written from the contract by \`node tools/contract-documents.mjs\`; a test compares the two.

| Code | Status | Meaning | What to do |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}
