import { waitFor } from './wait-for';

describe('waitFor', () => {
  it('gives what the condition gives at last', async () => {
    const answers = [false, undefined, null, 'there'] as const;
    let asked = 0;

    await expect(
      waitFor(() => answers[asked++], { describe: 'an answer', every: 1 }),
    ).resolves.toBe('there');
    expect(asked).toBe(4);
  });

  it('takes the empty text as given', async () => {
    await expect(waitFor(() => '', { describe: 'a text' })).resolves.toBe('');
  });

  it('names what it waited for in vain', async () => {
    const wait = waitFor(() => false, { timeout: 5, every: 1, describe: () => 'the moon' });

    await expect(wait).rejects.toThrow('Waited 5 ms in vain for the moon');
  });

  it('ends with the error of the condition', async () => {
    const wait = waitFor(() => Promise.reject(new Error('broken')), { describe: 'nothing' });

    await expect(wait).rejects.toThrow('broken');
  });
});
