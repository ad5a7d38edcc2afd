import { step } from '../run/meter';
import { raise, raiseAboutBoth } from '../run/raise';
import { equal } from './compare';
import { isObject, kindOf, rankOf, type Json } from './json';
import { member, ownKeys, ownValues } from './object';
import { TextSearch } from './search';

/** The deepest containment jq checks. */
const maximumDepth = 10_000;

/** A container whose parts are being looked for in another. */
interface Search {
  /** What is looked for, one after the other. */
  readonly wanted: readonly Json[];
  /** Where each may be found: the value at the same key, or for arrays all elements. */
  readonly places: readonly (readonly Json[])[] | undefined;
  readonly elements: readonly Json[];
  want: number;
  place: number;
}

function searchOf(a: Json, b: Json): Search | false {
  if (Array.isArray(b)) {
    return { wanted: b, places: undefined, elements: a as Json[], want: 0, place: 0 };
  }
  const places: Json[][] = [];
  if (!isObject(a) || !isObject(b)) return false;
  for (const key of ownKeys(b)) {
    const found = member(a, key);
    if (found === undefined) return false;
    places.push([found]);
  }
  return { wanted: ownValues(b), places, elements: [], want: 0, place: 0 };
}

/** Whether `a` contains `b`, where that shows without looking inside. */
function plain(a: Json, b: Json): boolean | undefined {
  if (kindOf(a) !== kindOf(b)) return false;
  if (typeof a === 'string') return new TextSearch(a, b as string).next(0) >= 0;
  if (typeof a !== 'object' || a === null) return equal(a, b);
  return undefined;
}

/** jq's `contains`. Raises for values of different kinds, and below 10,000 levels. */
export function contains(a: Json, b: Json): boolean {
  // true and false are of different kinds here.
  if (rankOf(a) !== rankOf(b)) {
    raiseAboutBoth(a, b, 'cannot have their containment checked');
  }
  const searches: Search[] = [];
  let left = a;
  let right = b;
  for (;;) {
    step();
    if (searches.length > maximumDepth) raise('Containment check too deep');
    let answer = plain(left, right);
    if (answer === undefined) {
      const search = searchOf(left, right);
      if (search === false) answer = false;
      else searches.push(search);
    }
    // Take the answer up, to the next pair that is to be looked at.
    for (;;) {
      const search = searches.at(-1);
      if (search === undefined) return answer as boolean;
      if (answer === true) {
        search.want += 1;
        search.place = 0;
      } else if (answer === false) search.place += 1;
      const { wanted, elements } = search;
      const places = search.places?.[search.want] ?? elements;
      if (search.want >= wanted.length) {
        searches.pop();
        answer = true;
      } else if (search.place >= places.length) {
        searches.pop();
        answer = false;
      } else {
        left = places[search.place] as Json;
        right = search.wanted[search.want] as Json;
        break;
      }
    }
  }
}
