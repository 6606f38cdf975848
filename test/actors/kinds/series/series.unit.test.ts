import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileCondition } from '../../../../actors/kinds/series/condition.ts'
import { seriesKind } from '../../../../actors/kinds/series/series-kind.ts'
import { figuresOf, type Reading, type Window, withReadings } from '../../../../actors/kinds/series/windows.ts'
import { explore } from '../../../../actors/testkit/explore/explore.ts'
import { given, type Scenario } from '../../../../actors/testkit/scenario.ts'

type Story = Scenario<typeof seriesKind>
const FROM = (id: string) => ({ source: `colloquy/test/trigger/${id}` })
const MINUTE_MS = 60_000

const story = (): Story => given(seriesKind, { id: 'pump' })
const watched = (when: string, clear?: string, from = story()): Story =>
  from.when('series.watched', { revision: 1, when, ...(clear !== undefined && { clear }) }, FROM('hot'))
const taken = (from: Story, ...values: number[]): Story => from.when('readings.taken', { readings: values.map((value) => ({ value })) })
const sentIn = (from: Story): unknown[] => from.records.flatMap(({ sent = [] }) => sent.map(({ data }) => data['state']))

describe('a condition', () => {
  test.each([
    ['mean("5m" > 3', 'column 14: Expected RPAREN'],
    ['mean("5m") > 3 &&\n valu < 2', 'line 2, column 2: "valu" is unknown'],
    ['mean("5m") * 2 > 3.0', 'write 2.0 and not 2'],
    ['value', 'column 1: is no condition but a value of the type double'],
    ['mean("5 m") > 1', 'column 6: mean needs a window'],
    ['mean("1s") > 1', 'column 6: a window has 10s to 7d'],
    ['percentile("5m", 950) > 1', 'column 18: percentile needs a number from 0 to 100'],
    ['[1, 2].exists(x, x > 1)', 'column 1: "rcall" is not allowed here'],
    ['"a".matches("(a+)+$")', 'column 1: "rcall" is not allowed here'],
    ['timestamp("2026-01-01T00:00:00Z") > timestamp("2026-01-01T00:00:00Z")', 'there is no timestamp(…)'],
    [`value > ${'-'.repeat(100)}1.0`, 'column'],
  ])('%s is refused with its column', (when, problem) => {
    expect(compileCondition(when)).toMatchObject({ problem: expect.stringContaining(problem) as string })
    watched(when).thenRejected('bad_data')
  })

  test('that cannot be evaluated has failed, once', () => {
    const failed = taken(taken(watched('1 / 0 == 1 && value > 0.0'), 1), 2)
    expect(sentIn(failed)).toEqual(['failed'])
    expect(failed.records.flatMap(({ sent = [] }) => sent)[0]?.data['problem']).toContain('division by zero')
  })
})

describe('a series', () => {
  test('tells a trigger of changes only', () => {
    let now = watched('mean("1m") > 80.0')
    for (const value of [70, 90, 95, 99, 98]) now = taken(now, value)
    expect(sentIn(now)).toEqual(['met'])
  })

  test('with hysteresis is met once for 1,000 crossings', () => {
    let now = watched('value > 80.0', 'value < 70.0')
    for (let crossing = 0; crossing < 1_000; crossing += 50) {
      now = taken(now, ...Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? 81 : 79)))
    }
    expect(sentIn(now)).toEqual(['met'])
    expect(sentIn(taken(now, 69))).toEqual(['met', 'unmet'])
  })

  test('tells of a value that was met within one input only', () => {
    expect(sentIn(taken(watched('value > 80.0'), 1, 81, 2, 82, 3))).toEqual(['met', 'unmet'])
    expect(sentIn(taken(watched('mean("1m") > 80.0'), 1, 81, 2))).toEqual([])
  })

  test('changes with time alone: absence begins and means end without a reading', () => {
    const silent = taken(watched('absent("10m")'), 5)
    expect(sentIn(silent.after('9m'))).toEqual([])
    expect(sentIn(silent.after('602s'))).toEqual(['met'])
    expect(sentIn(taken(silent.after('20m'), 5))).toEqual(['met', 'unmet'])
    const counted = taken(watched('count("1m") >= 3'), 1, 2, 3)
    expect(sentIn(counted)).toEqual(['met'])
    expect(sentIn(counted.after('2m'))).toEqual(['met', 'unmet'])
    counted.after('2m').thenState('quiet')
  })

  test('takes a reading from the future as one of now, and counts those that are too old', () => {
    watched('mean("1m") > 80.0')
      .when('readings.taken', {
        readings: [
          { at: '2099-01-01T00:00:00Z', value: 90 },
          { at: '2020-01-01T00:00:00Z', value: 1e9 },
        ],
      })
      .thenSent('trigger', 'hot', 'condition.changed', { state: 'met', value: 90 })
      .thenLabel({ readings: 2, late: 1 })
  })

  test.each([[[{ value: NaN }]], [[{ value: 1e101 }]], [[]], [Array.from({ length: 101 }, () => ({ value: 1 }))]])(
    'refuses %j',
    (readings) => {
      watched('value > 1.0').when('readings.taken', { readings }).thenRejected('bad_data')
    },
  )

  test('is watched by actors only, and not by a producer that writes the source of one', () => {
    const data = { revision: 1, when: 'value > 1.0' }
    story().when('series.watched', data, { source: 'web' }).thenRejected('bad_data')
    story().whenRaw({ type: 'series.watched', data, source: 'colloquy/test/trigger/t' }).thenRejected('bad_data')
    story().whenRaw({ type: 'series.unwatched', data: {}, source: 'colloquy/test/trigger/t' }).thenRejected('bad_data')
  })

  test('forgets a trigger that watches no longer, with its windows', () => {
    taken(watched('mean("1m") > 80.0'), 1)
      .when('series.unwatched', {}, FROM('hot'))
      .thenContext({ watches: [], windows: [] })
      .thenState('quiet')
  })

  test('stays within 16 KiB, and tells what finds no room why', () => {
    let now = story()
    const spans = ['10s', '20s', '1m', '5m', '1h', '6h', '1d']
    for (let index = 0; index < 70; index++) {
      const when = `${index % 3 === 0 ? 'percentile("1m", 95)' : `mean("${spans[index % spans.length]}")`} > ${index}.0`
      now = now.when('series.watched', { revision: 1, when }, FROM(`trigger-${index}`))
    }
    let at = Date.parse(now.now) - 86_400_000
    for (let input = 0; input < 60; input++) {
      const readings = Array.from({ length: 100 }, (_, index) => ({
        at: new Date((at += 14_400)).toISOString(),
        value: -(1.2345678901234 ** (index % 60)) * 1e-90,
      }))
      now = now.when('readings.taken', { readings })
    }
    expect(Buffer.byteLength(JSON.stringify(now.context))).toBeLessThan(16 * 1024)
    expect(sentIn(now)).toContain('refused')
  })

  test('survives every walk', () => {
    const watch = { revision: 1, when: 'count("10s") > 1', clear: 'count("10s") < 1' }
    const { unreached, ineffective } = explore(seriesKind, {
      runs: 100,
      restingStates: ['quiet', 'waiting'],
      events: { 'series.watched': [watch], 'readings.taken': [{ readings: [{ value: 1 }, { value: 90 }] }] },
      invariant({ state, context: { armedFor, dueAt, readings, late } }) {
        if ((state === 'waiting') !== (armedFor !== null)) return `it is ${state} and armed for ${armedFor}`
        if (state === 'quiet' && dueAt !== null) return `it is quiet, although something is due at ${dueAt}`
        return late <= readings ? undefined : `${late} of ${readings} readings were late`
      },
    })
    expect(unreached).toEqual([])
    expect(ineffective).toEqual([])
  })
})

describe('a window', () => {
  const empty: Window = { ms: MINUTE_MS, hasBins: true, buckets: [] }
  const NOW = Date.parse('2026-01-01T00:00:30Z')

  test('has the same figures in any order of readings', () => {
    const readings = fc.array(
      fc.record({ at: fc.integer({ min: NOW - MINUTE_MS, max: NOW }), value: fc.integer({ min: -1_000, max: 1_000 }) }),
      { minLength: 1, maxLength: 50 },
    )
    const distinct = readings.map((all): Reading[] => [...new Map(all.map((one) => [one.at, one])).values()])
    const twice = distinct.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })))
    fc.assert(
      fc.property(twice, ([all, shuffled]) => {
        const inOne = figuresOf(withReadings(empty, all, NOW), NOW)
        const oneByOne = figuresOf(
          shuffled.reduce((window, reading) => withReadings(window, [reading], NOW), empty),
          NOW,
        )
        for (const name of ['count', 'sum', 'min', 'max', 'change'] as const) expect(oneByOne[name]).toBe(inOne[name])
        expect(oneByOne.percentile(50)).toBe(inOne.percentile(50))
      }),
    )
  })

  test('knows percentiles within 7.5 %', () => {
    const values = Array.from({ length: 100 }, (_, index) => 50 + index)
    const full = withReadings(
      empty,
      values.map((value) => ({ at: NOW, value })),
      NOW,
    )
    for (const percent of [1, 50, 95, 99, 100]) {
      const exact = 50 + Math.ceil(percent) - 1
      expect(Math.abs(figuresOf(full, NOW).percentile(percent) / exact - 1)).toBeLessThan(0.075)
    }
  })

  test.each(['mean("1m") > 0.0', 'mean("1m") <= 0.0', 'percentile("1m", 50) < 1.0', 'value > 0.0', 'change("1m") == 0.0'])(
    'without readings does not meet %s',
    (when) => {
      expect(sentIn(watched(when))).toEqual([])
    },
  )
})
