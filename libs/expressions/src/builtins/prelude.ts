import type { Definition } from '../syntax/ast';
import { parse } from '../syntax/program';

/**
 * The builtins that are written in jq, as its manual describes them. One a line; each is
 * parsed when a program first uses it.
 */
const source = String.raw`
def while(cond; update): def w: if cond then ., (update | w) else empty end; w;
def until(cond; next): def u: if cond then . else (next | u) end; u;
def error: error(.);
def recurse(f; cond): recurse(f | select(cond));
def repeat(f): def r: f, r; r;
def range($from; $to; $by): if $by > 0 then $from | while(. < $to; . + $by) elif $by < 0 then $from | while(. > $to; . + $by) else empty end;
def isempty(g): first((g | false), true);
def pick(f): . as $dot | reduce path(f) as $p (null; setpath($p; $dot | getpath($p)));
def any: any(.[]; .);
def any(f): any(.[]; f);
def all: all(.[]; .);
def all(f): all(.[]; f);
def skip($n; expr): if $n > 0 then foreach expr as $item ($n; . - 1; if . < 0 then $item else empty end) elif $n == 0 then expr else error("skip doesn't support negative count") end;
def nth($n): .[$n];
def nth($n; g): if $n < 0 then error("nth doesn't support negative indices") else first(skip($n; g)) end;
def walk(f): def w: if type == "object" then map_values(w) elif type == "array" then map(w) else . end | f; w;
def paths: path(..) | select(length > 0);
def paths(f): path(.. | select(f)) | select(length > 0);
def arrays: select(type == "array");
def objects: select(type == "object");
def iterables: select(type | . == "array" or . == "object");
def booleans: select(type == "boolean");
def numbers: select(type == "number");
def normals: select(isnormal);
def finites: select(isfinite);
def strings: select(type == "string");
def nulls: select(. == null);
def values: select(. != null);
def scalars: select(type | . != "array" and . != "object");
def in(xs): . as $x | xs | has($x);
def inside(xs): . as $x | xs | contains($x);
def combinations: if length == 0 then [] else .[0][] as $x | (.[1:] | combinations) as $y | [$x] + $y end;
def combinations(n): . as $dot | [range(n) | $dot] | combinations;
def inputs: empty;
def debug(msg): (msg | debug | empty), .;
def toarray: if type == "array" then . else [.] end;
def ascii: [.] | implode;
def todate: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdate: fromdateiso8601;
def date: todate;
def todateiso8601: todate;
def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%SZ") | mktime;
def dateadd(u; n): . + n;
def datesub(u; n): . - n;
def truncate_stream(stream): . as $n | null | stream | . as $input | if (.[0] | length) > $n then setpath([0]; $input[0][$n:]) else empty end;
def fromstream(i): {x: null, e: false} as $init | foreach i as $i ($init; if .e then $init else . end | if $i | length == 2 then setpath(["e"]; $i[0] | length == 0) | setpath(["x"] + $i[0]; $i[1]) else setpath(["e"]; $i[0] | length == 1) end; if .e then .x else empty end);
def tostream: path(def r: (.[]? | r), .; r) as $p | getpath($p) | reduce path(.[]?) as $q ([$p, .]; [$p + $q]);
def INDEX(stream; f): reduce stream as $row ({}; .[$row | f | tostring] = $row);
def INDEX(f): INDEX(.[]; f);
def JOIN($idx; f): [JOIN($idx; .[]; f)];
def JOIN($idx; stream; f): stream | [., $idx[f]];
def JOIN($idx; stream; f; g): JOIN($idx; stream; f) | g;
def IN(s): any(s == .; .);
def IN(src; s): any(src == s; .);
`;

let definitions: Map<string, string> | undefined;
const parsed = new Map<string, Definition | undefined>();

function index(): Map<string, string> {
  const lines = new Map<string, string>();
  for (const line of source.split('\n')) {
    const [, name, parameters] = /^def (\w+)(?:\(([^)]*)\))?:/.exec(line) ?? [];
    if (name === undefined) continue;
    const arity = parameters === undefined ? 0 : parameters.split(';').length;
    lines.set(`${name}/${arity}`, line);
  }
  return lines;
}

/** The definition of a builtin that is written in jq; the key is `name/arity`. */
export function preludeDefinition(key: string): Definition | undefined {
  if (parsed.has(key)) return parsed.get(key);
  definitions ??= index();
  const line = definitions.get(key);
  const definition = line === undefined ? undefined : parse(line).definitions[0];
  parsed.set(key, definition);
  return definition;
}

/** The keys of all builtins written in jq. */
export function preludeKeys(): readonly string[] {
  definitions ??= index();
  return [...definitions.keys()];
}
