import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { checkLedger, isClean, type Ledger, type LedgerRecord } from '../../../bench/gate/check-ledger.ts'
import type { SentInput } from '../../../bench/harness/bench-producer.ts'
import { medians, quantile, slope } from '../../../bench/harness/statistics.ts'
import { measurePeers } from '../../../bench/peers/measure-peers.ts'
import { renderReport, type Report } from '../../../bench/reports/bench-report.ts'
import { readResults, RESULTS, saveReport } from '../../../bench/reports/results.ts'
import { BENCHMARKS_PAGE, renderSummary, withSummary } from '../../../bench/reports/summary.ts'

const record = (seq: number, actor: string, n: number, position: number): LedgerRecord => ({
  seq,
  actor,
  n,
  inputId: `i${position}`,
  position,
  committed: true,
  emitted: [`e${position}.0`, `e${position}.1`],
  about: undefined,
  started: [],
  set: [],
  stopped: [],
})

/** The ledger of a run without faults. */
function goodRun(): { sent: SentInput[]; ledger: Ledger } {
  const records = [record(1, 'a', 1, 1), record(2, 'b', 1, 2), record(3, 'a', 2, 3)]
  return {
    sent: records.map(({ actor, inputId, position }) => ({ actor, id: inputId, position })),
    ledger: {
      records,
      events: records.flatMap(({ actor, emitted }) => emitted.map((id) => ({ actor, id }))),
      rows: records.flatMap(({ seq, actor, inputId, emitted }) => [inputId, ...emitted].map((id, idx) => ({ seq, idx, actor, id }))),
    },
  }
}

type Part = keyof Ledger

const without = (ledger: Ledger, part: Part, place: number): Ledger => ({ ...ledger, [part]: ledger[part].toSpliced(place, 1) })
const doubled = (ledger: Ledger, part: Part, place: number): Ledger => ({
  ...ledger,
  [part]: ledger[part].flatMap((entry: unknown, index) => (index === place ? [entry, entry] : [entry])),
})
function swapped(ledger: Ledger, part: Part, one: number, other: number): Ledger {
  const source = (index: number): number => (index === one ? other : index === other ? one : index)
  return { ...ledger, [part]: ledger[part].map((_: unknown, index) => ledger[part][source(index)]) }
}

describe('the correctness gate', () => {
  it('finds no fault in a complete and ordered run', () => {
    const { sent, ledger } = goodRun()
    expect(checkLedger(sent, ledger)).toEqual({ acknowledged: 3, lost: 0, duplicated: 0, outOfOrder: 0, faults: [] })
  })

  it.each(['records', 'events', 'rows'] as const)('finds a missing entry in %s', (part) => {
    const { sent, ledger } = goodRun()
    const verdict = checkLedger(sent, without(ledger, part, ledger[part].length - 1))
    expect(verdict.lost).toBeGreaterThan(0)
    expect(verdict.faults.length).toBeGreaterThan(0)
    expect(isClean(verdict)).toBe(false)
  })

  it.each(['records', 'events', 'rows'] as const)('finds a duplicate in %s', (part) => {
    const { sent, ledger } = goodRun()
    expect(checkLedger(sent, doubled(ledger, part, 0)).duplicated).toBeGreaterThan(0)
  })

  it.each([
    ['records', 0, 2],
    ['events', 0, 1],
    ['rows', 0, 1],
  ] as const)('finds swapped entries in %s', (part, one, other) => {
    const { sent, ledger } = goodRun()
    expect(checkLedger(sent, swapped(ledger, part, one, other)).outOfOrder).toBeGreaterThan(0)
  })

  it('ignores the order between different actors', () => {
    const { sent, ledger } = goodRun()
    const events = [2, 3, 0, 1, 4, 5].flatMap((place) => ledger.events[place] ?? [])
    expect(isClean(checkLedger(sent, { ...ledger, events }))).toBe(true)
  })

  it('counts a rejected input as lost', () => {
    const { sent, ledger } = goodRun()
    const records = ledger.records.map((one, index) => (index === 1 ? { ...one, committed: false } : one))
    expect(checkLedger(sent, { ...ledger, records }).lost).toBe(1)
  })

  it('finds a record whose position differs from the acknowledged one', () => {
    const { sent, ledger } = goodRun()
    const records = ledger.records.map((one, index) => (index === 2 ? { ...one, position: 4 } : one))
    expect(checkLedger(sent, { ...ledger, records }).outOfOrder).toBe(1)
  })

  it('accepts an unacknowledged input with or without a record', () => {
    const { sent, ledger } = goodRun()
    const unsure = (index: number): SentInput[] => sent.map((input, place) => (place === index ? { ...input, position: undefined } : input))
    expect(checkLedger(unsure(0), ledger)).toMatchObject({ acknowledged: 2, lost: 0, duplicated: 0, outOfOrder: 0 })
    const never: SentInput = { actor: 'c', id: 'i9', position: undefined }
    expect(isClean(checkLedger([...sent, never], ledger))).toBe(true)
  })
})

describe('the gate on tasks and timers', () => {
  /** An actor that starts a task and sets a timer; the result of the task stops the timer. */
  const runs = (): LedgerRecord[] => {
    const about = (seq: number, run: string | undefined, more: Partial<LedgerRecord>): LedgerRecord => ({
      ...record(seq, 'a', seq, seq),
      emitted: [],
      about: run,
      ...(run === undefined ? {} : { inputId: `task.done:${run}` }),
      ...more,
    })
    return [about(1, undefined, { started: ['r1'], set: ['t1'] }), about(2, 'r1', { stopped: ['t1'] })]
  }
  const verdictOn = (records: readonly LedgerRecord[]) =>
    checkLedger(
      records.filter(({ about }) => about === undefined).map(({ actor, inputId, position }) => ({ actor, id: inputId, position })),
      { records, events: [], rows: records.map(({ seq, actor, inputId }) => ({ seq, idx: 0, actor, id: inputId })) },
    )

  it('finds no fault in a task with one outcome', () => {
    expect(verdictOn(runs())).toMatchObject({ acknowledged: 1, lost: 0, duplicated: 0, outOfOrder: 0 })
  })

  it('finds a task without outcome', () => {
    expect(verdictOn(runs().slice(0, 1))).toMatchObject({ lost: 1, duplicated: 0 })
  })

  it('finds a second outcome, and the outcome of a task that was never started', () => {
    const [start, end] = runs()
    if (start === undefined || end === undefined) throw new Error('no records')
    const again = { ...end, seq: 3, n: 3, position: 3 }
    expect(verdictOn([start, end, again])).toMatchObject({ lost: 0, duplicated: 1 })
    expect(verdictOn([start, end, { ...again, about: 'r9', inputId: 'task.done:r9' }])).toMatchObject({ duplicated: 1 })
  })

  it('finds a timer that fires after it was stopped, and an outcome that was rejected', () => {
    const [start, end] = runs()
    if (start === undefined || end === undefined) throw new Error('no records')
    expect(verdictOn([start, end, { ...end, seq: 3, n: 3, position: 3, about: 't1', inputId: 'timer.fired:t1' }])).toMatchObject({
      duplicated: 1,
    })
    expect(verdictOn([start, { ...end, committed: false }])).toMatchObject({ lost: 1 })
  })
})

describe('the report', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'colloquy-test-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const reportOf = (lost: number): Report => ({
    scenario: 'turns',
    seconds: 1,
    acknowledged: 9,
    lost,
    duplicated: 0,
    outOfOrder: 0,
    faults: lost > 0 ? ['lost: a/i1'] : [],
    figures: { turnsPerSecond: 1234, refused: 0 },
    spread: { turnsPerSecond: { p25: 1200, p50: 1234, p75: 1300, repeats: 5 } },
    notes: ['a note'],
    options: { seconds: 1, actors: 1, rate: 1, rows: 1, workers: 1, roles: ['host'], vs: [], payloadBytes: 0, seed: 1 },
    settings: {},
    noise: { roundMs: 5, iqrPercent: 3, slowestPercent: 110, othersPercent: 2, stolenPercent: 0, rounds: 40 },
    durability: { replicas: 1, fsync: '2m' },
    machine: { cpu: 'a cpu', cores: 2, memoryGiB: 4, system: 'linux', load: 0 },
    versions: { colloquy: '0', node: 'v24', nats: '2', clickhouse: '26' },
    commit: 'c',
    date: '2026-11-20T00:00:00.000Z',
    command: 'npm run bench -- turns',
  })

  it('has the figures if the gate found no fault', () => {
    expect(renderReport(reportOf(0))).toContain('| turnsPerSecond | 1,234 | 1,200 to 1,300 (5) |\n| refused | 0 | |')
  })

  it('has the faults instead of figures if the gate found any', () => {
    const text = renderReport(reportOf(1))
    expect(text).not.toContain('turnsPerSecond')
    expect(text).toContain('- lost: a/i1')
  })

  it('is saved as Markdown with a chart, and as JSON for the summary', async () => {
    await saveReport(folder, 'turns', reportOf(0))
    expect(await readFile(join(folder, 'turns.md'), 'utf8')).toContain('](turns.svg)')
    expect(await readFile(join(folder, 'turns.svg'), 'utf8')).toMatch(/^<svg [^]*turns[^]*<\/svg>/)
    const summary = renderSummary(await readResults(folder))
    expect(summary).toContain('| 1,234/s | 1,200 to 1,300 | 15,000/s | [turns](../bench/results/turns.md) | 5 ms |')
    expect(summary).toContain('a cpu, 2 cores, 4 GiB')
  })

  it('is what docs/benchmarks.md says: "npm run bench -- summary" writes it there', async () => {
    const page = await readFile(BENCHMARKS_PAGE, 'utf8')
    expect(withSummary(page, renderSummary(await readResults(RESULTS)))).toBe(page)
  })

  it('notes that a peer was not measured because its server is not on the machine', async () => {
    vi.stubEnv('PATH', folder)
    const options = { ...reportOf(0).options, vs: ['bullmq'] as const }
    const [bullmq] = await measurePeers(options, { rounds: 1, roundMs: 1, warmUpMs: 1 }).finally(() => vi.unstubAllEnvs())
    expect(bullmq).toMatchObject({ name: 'bullmq', perSecond: [], notes: [expect.stringContaining('no redis-server on the PATH')] })
  })
})

describe('the figures', () => {
  it('are medians of repeats, with their spread', () => {
    expect(medians({ perSecond: [5, 1, 4, 2, 3] })).toEqual({
      figures: { perSecond: 3 },
      spread: { perSecond: { p25: 2, p50: 3, p75: 4, repeats: 5 } },
    })
  })

  it('have a slope: their rise per unit of time', () => {
    expect(
      slope([
        [0, 1],
        [1, 3],
        [2, 5],
      ]),
    ).toBe(2)
    expect([slope([[0, 1]]), slope([])]).toEqual([0, 0])
  })

  it('have quantiles', () => {
    expect([0.25, 0.5, 0.75].map((share) => quantile([5, 1, 4, 2, 3], share))).toEqual([2, 3, 4])
    expect(quantile([], 0.5)).toBe(0)
  })
})
