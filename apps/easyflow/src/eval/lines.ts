import { StringDecoder } from 'node:string_decoder';

/**
 * The lines of a text in UTF-8, as they come. Only a line feed ends one: a JSON text may hold U+2028 and other
 * separators, at which `node:readline` would cut it.
 */
export async function* linesOf(input: NodeJS.ReadableStream): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  // The parts of a line that came in many pieces are joined once.
  let line: string[] = [];
  for await (const piece of input) {
    const text = typeof piece === 'string' ? piece : decoder.write(piece);
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      line.push(text.slice(start, end));
      yield line.join('');
      line = [];
      start = end + 1;
    }
    if (start < text.length) line.push(text.slice(start));
  }
  line.push(decoder.end());
  const last = line.join('');
  if (last !== '') yield last;
}
