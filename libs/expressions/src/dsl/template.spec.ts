import {
  compileTemplate,
  ExpressionLimitError,
  isExpression,
  stripExpression,
  TemplateRuntimeError,
  TemplateSyntaxError,
  type Json,
  type Limits,
} from '..';

const strict = { mode: 'strict' } as const;

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('isExpression and stripExpression', () => {
  it.each([
    ['${ .a }', true, true],
    ['  ${ {"a": "}"} }\n', true, true],
    ['.a', false, true],
    ['Hello ${ .a }', false, false],
    ['${ .a } and ${ .b }', false, false],
    ['${ .a', false, false],
    ['not jq at all', false, false],
    ['', false, false],
  ])('%s', (text, inStrict, inLoose) => {
    expect(isExpression(text, 'strict')).toBe(inStrict);
    expect(isExpression(text, 'loose')).toBe(inLoose);
  });

  it('takes the program out of its braces', () => {
    expect(stripExpression(' ${ .a | .b } ')).toBe('.a | .b');
    expect(stripExpression('.a')).toBe('.a');
    expect(stripExpression('${ "\\("}")" }')).toBe('"\\("}")"');
  });
});

describe('compileTemplate', () => {
  it('replaces expressions wherever they are', () => {
    const template = compileTemplate(
      { a: '${ .x }', b: ['${ .none }', 'plain', { c: 'Hi ${ .name }, ${ $n + 1 }!' }], d: 1 },
      { mode: 'strict', variables: ['n'] },
    );
    expect(template.isStatic).toBe(false);
    expect(template.evaluate({ x: [1], name: 'Ada' }, { n: 2 })).toEqual({
      a: [1],
      b: [null, 'plain', { c: 'Hi Ada, 3!' }],
      d: 1,
    });
    expect(template.reads).toEqual({ variables: ['n'], paths: ['.name', '.none', '.x'] });
  });

  it('gives the first output, or null if there is none', () => {
    expect(compileTemplate('${ 1, 2 }', strict).evaluate(null)).toBe(1);
    expect(compileTemplate('${ empty }', strict).evaluate(null)).toBeNull();
  });

  it('leaves what has no expression as it is', () => {
    const value = { a: ['.b', '$5 {x}'] };
    const template = compileTemplate(value, strict);
    expect(template.isStatic).toBe(true);
    expect(template.evaluate({ b: 1 })).toBe(value);
  });

  it('tries every text in loose mode', () => {
    const template = compileTemplate(['.a', '${ .a }', 'two words', '', '$nope'], {
      mode: 'loose',
    });
    expect(template.evaluate({ a: 7 })).toEqual([7, 7, 'two words', '', '$nope']);
  });

  it('keeps a text in loose mode that is a program and fails, unless it was limited', () => {
    const loose = { mode: 'loose' } as const;
    const texts = ['error', '.a | keys', 'a-b', '.a + 1'];
    expect(compileTemplate(texts, loose).evaluate({ a: 7 })).toEqual([...texts.slice(0, 3), 8]);
    const endless = compileTemplate('repeat(.)|empty', loose);
    expect(() => endless.evaluate(1, {}, { steps: 10_000 })).toThrow(TemplateRuntimeError);
    expect(() => compileTemplate('${ error }', loose).evaluate(1)).toThrow(TemplateRuntimeError);
  });

  it('says where in the value and in the text an expression is wrong', () => {
    const error = thrownBy(() => compileTemplate({ 'a/b': [0, 'x ${ .a | }'] }, strict));
    expect(error).toBeInstanceOf(TemplateSyntaxError);
    expect(error).toMatchObject({ pointer: '/a~1b/1', cause: { line: 1, offset: 9 } });
    expect(thrownBy(() => compileTemplate('${ .a', strict))).toMatchObject({
      pointer: '',
      cause: { offset: 0 },
    });
  });

  it('says where an evaluation failed', () => {
    const template = compileTemplate({ a: { b: '${ .x + {} }' } }, strict);
    const error = thrownBy(() => template.evaluate({ x: 1 }));
    expect(error).toBeInstanceOf(TemplateRuntimeError);
    expect(error).toMatchObject({
      pointer: '/a/b',
      cause: { value: 'number (1) and object ({}) cannot be added' },
    });
  });

  it('keeps ordinary keys ordinary', () => {
    const value = JSON.parse('{"__proto__": "${ 1 }"}') as Json;
    const made = compileTemplate(value, strict).evaluate(null);
    expect(JSON.stringify(made)).toBe('{"__proto__":1}');
  });
});

describe('what is written out is bounded', () => {
  const limitOf = (template: Json, input: Json, limits?: Limits) => {
    const error = thrownBy(() => compileTemplate(template, strict).evaluate(input, {}, limits));
    expect(error).toBeInstanceOf(TemplateRuntimeError);
    return (error as TemplateRuntimeError).cause;
  };

  it('also where expressions share what they give', () => {
    let value: Json = 'x';
    const error = thrownBy(() => {
      const template = compileTemplate({ a: '${ . }', b: '${ . }' }, strict);
      for (let i = 0; i < 60; i += 1) value = template.evaluate(value);
    });
    expect(error).toBeInstanceOf(TemplateRuntimeError);
    expect((error as TemplateRuntimeError).cause).toBeInstanceOf(ExpressionLimitError);
  });

  it('also within a text, and between its parts', () => {
    const shared = 'a ${ reduce range(60) as $i ([1]; [., .]) }';
    expect(limitOf(shared, null, { bytes: 1_000_000 })).toBeInstanceOf(ExpressionLimitError);
    const large = 'x'.repeat(50_000_000);
    expect(limitOf('${ . }'.repeat(12), large)).toMatchObject({
      name: 'ExpressionLimitError',
      limit: 'memory',
    });
  });
});
