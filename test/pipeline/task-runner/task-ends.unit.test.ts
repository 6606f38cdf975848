import { expect, test } from 'vitest'
import { excusedDeliveries } from '../../../pipeline/task-runner/task-ends.ts'

const ACK_WAIT_MS = 10_000
const end = (atMs: number, silentMs = 0) => ({ what: 'blocked its thread', atMs, silentMs })

test.each([
  ['nothing ended', [], 0],
  ['the run itself ended its thread', [['mine', [end(100)]]], 0],
  ['another run ended the thread', [['other', [end(100)]]], 1],
  ['another run ended the thread before this run started', [['other', [end(40)]]], 0],
  ['another run blocked the thread for three deliveries', [['other', [end(100, 31_000)]]], 4],
  [
    'two other runs ended three threads',
    [
      ['other', [end(100), end(200)]],
      ['third', [end(300)]],
    ],
    3,
  ],
] as const)('the deliveries of a run that are not its fault where %s', (_, ends, excused) => {
  expect(excusedDeliveries(new Map(ends.map(([run, list]) => [run, list])), 'mine', 50, ACK_WAIT_MS)).toBe(excused)
})
