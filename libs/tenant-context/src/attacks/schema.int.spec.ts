import { CATALOGUE_CHECKS, catalogueFaults, SESSION_ROLES, tableReport } from '@easyflow/testing';
import { attackedDatabase, inEachPlacement } from './attacked.test';

const database = attackedDatabase();

inEachPlacement('every table', database, (bench) => {
  it.each(SESSION_ROLES)(
    'shows, takes and gives tenant B nothing of %s in the context of A',
    async (role) => {
      const report = await tableReport(bench(), [role]);
      expect(report).toMatchObject({ breaches: [], failedControls: [] });
      expect(report.attempts).toBeGreaterThan(5);
    },
    60_000,
  );
});

describe('the catalogue', () => {
  it('holds nothing against isolation', async () => {
    expect(CATALOGUE_CHECKS.length).toBeGreaterThan(20);
    expect(await catalogueFaults(database())).toEqual([]);
  });
});
