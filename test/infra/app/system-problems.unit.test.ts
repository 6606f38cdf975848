import { expect, test } from 'vitest'
import { problemsOf } from '../../../infra/app/system-problems.ts'
import type { SystemStatus } from '../../../infra/app/system-status.ts'
import { textOf } from '../../../pipeline/jetstream/removed.ts'

const sound: SystemStatus = {
  log: { last: 10 },
  stages: { host: { ok: true, position: 10, lag: 0, detail: 'running' }, project: { ok: true, position: 9, lag: 1, detail: 'running' } },
  dead: 0,
  badRecords: 0,
  refusedRows: 0,
  removed: { records: 0, ranges: [], unproven: { records: 0, rows: {}, first: [] }, setAside: [] },
  durability: { replicas: 1, fsync: '2m' },
  keys: { good: 0, needed: false },
  models: [],
  autoModel: [],
  caches: [],
  nats: { protected: true, code: null, detail: 'clients reach inputs and events only' },
}
const none = new Map<never, never>()

test('a sound system has no problems', () => {
  expect(problemsOf(sound, none, none)).toEqual([])
})

test('everything that is wrong is listed with its code, its names and what to do', () => {
  const at = '2026-01-01T00:00:00.000Z'
  const problems = problemsOf(
    {
      ...sound,
      stages: {
        host: { ok: false, position: 10, lag: 0, detail: 'blocked by acme/support/c1' },
        project: { ok: true, position: 9, lag: 5_000, detail: 'running' },
      },
      removed: {
        records: 2,
        ranges: [{ from: 4, to: 5, reason: 'lost', at, revision: 1 }],
        unproven: { records: 25, rows: { cases: 6, tasks: 19 }, first: [4, 5, 6, 7].map((seq) => ({ seq, actor: 'acme/support/c2' })) },
        setAside: ['/data/clickhouse/set-aside/1'],
      },
      autoModel: [
        { pid: 7, model: 'org/e5', detail: 'downloading 4 of 118 MB', problem: null },
        { pid: 8, model: 'org/e5', detail: 'cannot get it', problem: 'org/e5: cannot get it (why) since then; attempt 2 at that time' },
      ],
      nats: { protected: false, code: 'nats_not_protected', detail: 'clients without credentials are in the account of the streams' },
    },
    new Map([
      ['poison', 2],
      ['bad_record', 1],
    ] as const),
    new Map([
      [7, { storedMs: 0, count: 1, what: ['it did not return within 10 s'], at, subject: '', isOverrun: true, isLeftBehind: false }],
    ]),
  )
  expect(problems.map(({ code, what }) => [code, what])).toEqual([
    ['stage_failing', 'host: blocked by acme/support/c1'],
    ['stage_behind', 'project is 5000 messages behind: running'],
    ['nats_not_protected', 'clients without credentials are in the account of the streams'],
    ['auto_model_missing', 'process 8: org/e5: cannot get it (why) since then; attempt 2 at that time'],
    ['records_lost', 'LOG has lost 2 records: sequences 4 to 5'],
    [
      'records_unproven',
      'the tables have rows of 25 lost records: 4 of acme/support/c2, 5 of acme/support/c2, 6 of acme/support/c2 and 22 more '
        + '(rows: 6 of cases, 19 of tasks)',
    ],
    ['unproven_set_aside', '/data/clickhouse/set-aside/1'],
    ['host_end_counted', 'INBOX 7: this input ended its host once: it did not return within 10 s'],
    ['poison', '2 dead letters with the reason poison'],
    ['bad_record', '1 dead letter with the reason bad_record'],
  ])
  for (const { remedy } of problems) expect(remedy).not.toBe('')
})

test.each([
  [[[26, 26]], 'sequence 26'],
  [[[7, 9]], 'sequences 7 to 9'],
  [
    [
      [26, 26],
      [45, 45],
      [48, 50],
      [60, 60],
    ],
    'sequences 26, 45, 48 to 50 and 1 more range',
  ],
  [
    [
      [1, 1],
      [3, 3],
      [5, 5],
      [7, 7],
      [9, 9],
    ],
    'sequences 1, 3, 5 and 2 more ranges',
  ],
])('ranges of lost records read as a sentence: %j', (ranges, text) => {
  expect(textOf(ranges.map(([from = 0, to = 0]) => ({ from, to })))).toBe(text)
})

test('a probe that could not tell whether NATS is protected is a problem of its own', () => {
  const nats = { protected: null, code: 'nats_protection_unknown', detail: 'the probe could not connect (timeout)' } as const
  expect(problemsOf({ ...sound, nats }, new Map(), new Map())).toMatchObject([
    { code: 'nats_protection_unknown', what: 'the probe could not connect (timeout)' },
  ])
})
