import type { CloudEvent } from './cloud-event';
import type { HistoryItem } from './journal';
import { lifecycleEvent } from './lifecycle-event';
import {
  lifecycleData,
  restoreEvents,
  restoreHistory,
  storeEvents,
  storeHistory,
} from './stored-journal';

const early = '2026-01-01T00:00:00.000Z';
const late = '2026-01-01T00:00:01.000Z';
const subject = {
  id: '01a20000-0000-7000-8000-000000000001',
  flow: { namespace: 'shop', name: 'order', version: '1.0.0' },
};

describe('stored history', () => {
  const items: HistoryItem[] = [
    { sequence: 4, type: 'taskCompleted', task: '/do/0/price', at: early },
    { sequence: 5, type: 'taskRetried', task: '/do/1/call', at: late, attempt: 2 },
    { sequence: 6, type: 'executionWaiting', at: late, until: early },
    { sequence: 9, type: 'executionEnded', at: early, status: 'faulted', error: { status: 500 } },
  ];

  it('is given back as it was, with times that change and sequences that jump', () => {
    expect(restoreHistory(4, storeHistory(items))).toEqual(items);
    expect(restoreHistory(1, storeHistory([]))).toEqual([]);
  });

  it('says once that a task started and completed, only when that is all', () => {
    const task = '/do/0/price';
    const start: HistoryItem = { sequence: 1, type: 'taskStarted', task, at: early };
    const end: HistoryItem = { sequence: 2, type: 'taskCompleted', task, at: early };
    const after: HistoryItem = { sequence: 3, type: 'executionEnded', at: early, status: 'done' };
    const stored = storeHistory([start, end, after]);
    expect(JSON.parse(stored)).toEqual([
      early,
      [task],
      ['executionEnded', null, { status: 'done' }],
    ]);
    expect(restoreHistory(1, stored)).toEqual([start, end, after]);
    for (const other of [
      { ...end, at: late },
      { ...end, sequence: 5 },
      { ...end, task: '/do/1/other' },
      { ...end, attempt: 2 },
      { ...end, type: 'taskFaulted' as const },
    ]) {
      expect(restoreHistory(1, storeHistory([start, other]))).toEqual([start, other]);
    }
  });

  it('says a time once', () => {
    const same = items.map((item, index) => ({ ...item, sequence: 4 + index, at: early }));
    expect(storeHistory(same).split(early)).toHaveLength(3);
  });

  it('takes items that are written out', () => {
    expect(restoreHistory(4, JSON.stringify(items))).toEqual(items);
  });
});

describe('stored events', () => {
  const started = lifecycleEvent(subject, 1, 'started', early, lifecycleData(subject, 'started'));
  const completed = lifecycleEvent(subject, 12, 'completed', late);

  it('are short for lifecycle events', () => {
    const text = storeEvents(subject, [started, completed]);
    expect(JSON.parse(text)).toEqual([
      [1, 'started', early],
      [12, 'completed', late],
    ]);
    expect(restoreEvents(subject, text)).toEqual([started, completed]);
  });

  it.each<[string, CloudEvent]>([
    ['has its own type', { ...completed, type: 'com.example.sold' }],
    ['has an id of the flow', { ...completed, id: 'mine' }],
    ['has a number of its own', { ...completed, id: `${subject.id}-01` }],
    ['has another subject', { ...completed, subject: 'mine' }],
    ['has more attributes', { ...completed, region: 'eu' }],
    ['has other data', { ...completed, data: { name: 'mine', completedAt: late } }],
    ['has a list as data', { ...completed, data: [late] }],
    ['tells an error', lifecycleEvent(subject, 2, 'faulted', late, { error: { status: 500 } })],
  ])('are written out when one %s', (_, event) => {
    expect(restoreEvents(subject, storeEvents(subject, [event]))).toEqual([event]);
  });
});
