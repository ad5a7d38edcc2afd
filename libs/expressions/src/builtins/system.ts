import { HaltRequest } from '../run/failure';
import { evaluationTime, meter } from '../run/meter';
import { raise, raiseAbout } from '../run/raise';
import type { Json } from '../values/json';
import { ownEntry } from '../values/object';
import { deletePaths, setPath } from '../values/remove';
import { formatter } from './formats';

/** The text of a module; raises jq's error where there is none. */
export function moduleText(files: Readonly<Record<string, string>>, name: Json): string {
  if (typeof name !== 'string') raise('modulemeta input module name must be a string');
  return ownEntry(files, name) ?? raise(`module not found: ${name}`);
}

/** The builtins about paths as values, and those about the world outside, which is empty. */
export const system = {
  'setpath/2': setPath,
  'delpaths/1': deletePaths,
  'format/1': (input: Json, name: Json) =>
    typeof name === 'string' ? formatter(name)(input) : raiseAbout(name, 'is not a valid format'),
  'env/0': () => ({}),
  'input/0': () => raise('break'),
  'debug/0': (input: Json) => input,
  'stderr/0': (input: Json) => input,
  'input_filename/0': () => null,
  'input_line_number/0': () => raise('Unknown input line number'),
  'get_search_list/0': () => [],
  'have_decnum/0': () => false,
  'have_literal_numbers/0': () => true,
  'now/0': evaluationTime,
  'halt/0': (): Json => {
    throw new HaltRequest(undefined, meter.at);
  },
  'halt_error/0': (input: Json): Json => {
    throw new HaltRequest(input, meter.at);
  },
  'halt_error/1': (input: Json, code: Json): Json => {
    if (typeof code !== 'number') raiseAbout(input, 'halt_error/1: number required');
    throw new HaltRequest(input, meter.at);
  },
  // Where there are modules, the compiler knows better.
  'modulemeta/0': (input: Json): Json => moduleText({}, input),
};
