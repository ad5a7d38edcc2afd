import { problemSchema } from '@easyflow/contracts-http';
import { OperationalError, UnexpectedError, UserError } from '@easyflow/kernel-errors';
import { problemAnswer } from './problem-answer';

describe('problemAnswer', () => {
  it('tells a user error with its places', () => {
    const errors = [{ pointer: '#/a', line: 3, message: 'is missing' }];
    const answer = problemAnswer(
      new UserError('input.invalid', 'The input lacks a', { status: 422, errors }),
      't1',
    );
    expect(answer).toMatchObject({ status: 422, headers: {}, unexpected: false });
    expect(problemSchema.parse(answer.problem)).toEqual({
      type: 'urn:easyflow:problem:input.invalid',
      title: 'The input does not fit the flow’s schema',
      status: 422,
      code: 'input.invalid',
      detail: 'The input lacks a',
      traceId: 't1',
      errors,
    });
  });

  it('challenges on 401 and says when to come back on 429', () => {
    const unauthorized = new UserError('auth.invalid_credentials', 'Bad key', { status: 401 });
    expect(problemAnswer(unauthorized, 't').headers).toEqual({ 'www-authenticate': 'Bearer' });
    const limited = new UserError('rate.exceeded', 'Slow down', {
      status: 429,
      retryAfterSeconds: 0.2,
    });
    expect(problemAnswer(limited, 't').headers).toEqual({ 'retry-after': '1' });
  });

  it.each([1e300, Infinity, 100_000])('tells %d seconds as a day: digits only', (seconds) => {
    const limited = new UserError('rate.exceeded', 'Slow down', {
      status: 429,
      retryAfterSeconds: seconds,
    });
    expect(problemAnswer(limited, 't').headers).toEqual({ 'retry-after': '86400' });
    const down = new OperationalError('database.unavailable', 'x', { retryAfterSeconds: seconds });
    expect(problemAnswer(down, 't').headers).toEqual({ 'retry-after': '86400' });
  });

  it('cuts a detail that repeats a long name', () => {
    const { problem } = problemAnswer(
      new UserError('flow.unknown', `No flow ${'😀'.repeat(9_999)}`),
      't',
    );
    expect(problem.detail).toMatch(/^No flow (😀)+…$/u);
    expect(problem.detail.length).toBeLessThanOrEqual(2_000);
    const fits = 'x'.repeat(2_000);
    expect(problemAnswer(new UserError('flow.unknown', fits), 't').problem.detail).toBe(fits);
  });

  it('keeps what an operational error knows to itself', () => {
    const error = new OperationalError('database.unavailable', 'connect ECONNREFUSED 10.0.0.7', {
      retryAfterSeconds: 2,
    });
    const answer = problemAnswer(error, 't');
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '2' } });
    expect(JSON.stringify(answer.problem)).not.toContain('10.0.0.7');
    expect(problemAnswer(new OperationalError('made.up', 'x'), 't').problem.code).toBe(
      'service.unavailable',
    );
  });

  it.each([
    [{ code: 'FST_ERR_CTP_BODY_TOO_LARGE', statusCode: 413 }, 413, 'body.too_large'],
    [{ code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE' }, 415, 'body.unsupported_media_type'],
    [{ statusCode: 404 }, 404, 'route.unknown'],
    [{ statusCode: 431 }, 400, 'request.malformed'],
  ])('reads the framework’s %j', (error, status, code) => {
    expect(problemAnswer(error, 't')).toMatchObject({
      status,
      problem: { code },
      unexpected: false,
    });
  });

  it.each([
    new UnexpectedError('x.y', 'SELECT secret FROM t'),
    new TypeError('SELECT secret'),
    'SELECT secret',
    undefined,
  ])('tells nothing of %s', (error) => {
    const answer = problemAnswer(error, 't');
    expect(answer).toMatchObject({ status: 500, unexpected: true, problem: { code: 'internal' } });
    expect(JSON.stringify(answer)).not.toContain('secret');
  });
});
