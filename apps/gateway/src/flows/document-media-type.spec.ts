import { chosenMediaType } from './document-media-type';

const yaml = 'application/yaml';
const json = 'application/json';

describe('chosenMediaType', () => {
  it.each([
    [undefined, yaml, yaml],
    [undefined, json, json],
    ['*/*', yaml, yaml],
    ['application/*', json, json],
    ['application/json', yaml, json],
    ['application/yaml', json, yaml],
    ['Application/JSON; charset=utf-8', yaml, json],
    ['application/json;q=0.5, application/yaml', json, yaml],
    ['application/yaml;q=0.2, */*', yaml, json],
    ['application/json;q=0, */*', json, yaml],
    ['text/html', yaml, yaml],
    ['text/html,*/*;q=0.8', json, json],
  ] as const)('with Accept %s, applied as %s: %s', (accept, applied, chosen) =>
    expect(chosenMediaType(accept, applied)).toBe(chosen),
  );
});
