import { assign, enqueueActions, setup } from 'xstate'
import { z } from 'zod'
import { parseActorSource } from '../../../schemas/subjects.ts'
import { readingsTaken, SERIES_KIND, seriesUnwatched, seriesWatched } from '../../../schemas/trigger-events.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { send } from '../../definition/send-action.ts'
import type { SeriesView } from './condition.ts'
import { changesOf, conditionProblem, evaluated, needsOf, roomProblem, type Watch, watchSchema } from './watches.ts'
import { type Figures, figuresOf, fitWindows, nextLossAt, type Reading, windowSchema, withReadings } from './windows.ts'

/** Time between two evaluations without readings, at least. */
const EVERY_MS_MIN = 1_000
/** Buckets of all series end at the same moments. Each series waits for a part of this time longer, so that not all timers fire at once. */
const SPREAD_MS = 1_000

const contextSchema = z.object({
  /** The latest reading and its time in milliseconds since 1970; `null` before the first. */
  value: z.number().nullable(),
  valueAt: z.number().nullable(),
  /** Absence counts from here: the latest reading, or the first watch. */
  heardAt: z.number().nullable(),
  readings: z.int().meta({ description: 'Readings so far' }),
  late: z.int().meta({ description: 'Of these, the ones that were too old for every window' }),
  windows: z.array(windowSchema),
  watches: z.array(watchSchema),
  /** When time alone next changes a figure, and when the timer fires; milliseconds since 1970. */
  dueAt: z.number().nullable(),
  spreadMs: z.int().nonnegative(),
  armedFor: z.number().nullable(),
})
type Context = z.infer<typeof contextSchema>

const kind = defineKind({
  name: SERIES_KIND,
  version: 1,
  context: contextSchema,
  events: {
    'readings.taken': readingsTaken.describe('Readings of the series, in any order'),
    'series.watched': seriesWatched.describe('From a trigger: it wants to hear of changes of a condition'),
    'series.unwatched': seriesUnwatched.describe('From a trigger: it watches no longer'),
  },
  sentBy: { 'series.watched': '*', 'series.unwatched': '*' },
  emits: {},
  tasks: {},
  label: ({ value, readings, late, watches }) => ({
    value,
    readings,
    late,
    triggers: watches.length,
    met: watches.filter(({ state }) => state === 'met').length,
  }),
  refuse: (_, input) => (input.type === 'series.watched' ? conditionProblem(input.data) : undefined),
})

/** A reading from the future counts as one of now. */
const readingsOf = ({ readings }: z.output<typeof readingsTaken>, time: string, now: number): Reading[] =>
  readings.map(({ at = time, value }) => ({ at: Math.min(now, Date.parse(at)), value }))

const valuesOf = (readings: readonly Reading[]): number[] => readings.toSorted((a, b) => a.at - b.at).map(({ value }) => value)

function withTaken(context: Context, readings: readonly Reading[], now: number): Context {
  const windows = context.windows.map((window) => withReadings(window, readings, now))
  const longest = Math.max(0, ...windows.map(({ ms }) => ms))
  const latest = readings.reduce((a, b) => (b.at >= a.at ? b : a), { at: context.valueAt ?? -Infinity, value: context.value ?? NaN })
  return {
    ...context,
    windows,
    value: latest.value,
    valueAt: latest.at,
    heardAt: Math.max(latest.at, context.heardAt ?? -Infinity),
    readings: context.readings + readings.length,
    late: context.late + readings.filter(({ at }) => at < now - longest).length,
  }
}

/** The other watches, and this one. Windows that nobody asks for any more are dropped. */
function withWatches(context: Context, watches: Watch[], now: number): Context {
  return { ...context, watches, windows: fitWindows(context.windows, needsOf(watches)), heardAt: context.heardAt ?? now }
}

function viewOf({ value, windows, heardAt }: Context, now: number): SeriesView {
  /** Many conditions, each with many values, ask for the same windows. */
  const known = new Map<number, Figures>()
  return {
    value: value ?? NaN,
    figures(ms) {
      const window = windows.find((one) => one.ms === ms) ?? { ms, hasBins: false, buckets: [] }
      const found = known.get(ms) ?? figuresOf(window, now)
      known.set(ms, found)
      return found
    },
    isAbsent: (ms) => now - (heardAt ?? now) >= ms,
  }
}

/** When a bucket next leaves its window, or an absence has lasted long enough. */
function dueAtOf({ windows, watches, heardAt }: Context, now: number): number | null {
  const absences = needsOf(watches).flatMap(({ ms, isAbsence }) => (isAbsence && heardAt !== null ? [heardAt + ms] : []))
  const due = Math.min(...[...absences, ...windows.map(nextLossAt)].filter((at) => at > now))
  return watches.length === 0 || due === Infinity ? null : due
}

/** A part of `SPREAD_MS` that differs from series to series, and is always the same for one. */
const spreadOf = (id: string): number => [...id].reduce((hash, character) => (hash * 31 + character.charCodeAt(0)) % SPREAD_MS, 7)

/**
 * The kind `series`: a series of numbers in windows, with the conditions of the triggers that watch it. It tells a trigger only of a
 * change, so that a trigger costs nothing while nothing happens.
 */
export const seriesKind = kind.with(
  setup({
    ...kind.xstate,
    delays: { due: ({ context, event }) => Math.max(EVERY_MS_MIN, (context.armedFor ?? 0) - Date.parse(event.at)) + context.spreadMs },
    guards: {
      isQuiet: ({ context }) => context.dueAt === null,
      isWaiting: ({ context }) => context.dueAt !== null,
      isSooner: ({ context: { dueAt, armedFor } }) => dueAt !== null && armedFor !== null && dueAt < armedFor,
    },
    actions: {
      take: assign(({ context, event }) => {
        if (event.type !== 'readings.taken') return context
        const now = Date.parse(event.at)
        return withTaken(context, readingsOf(event.data, event.time, now), now)
      }),
      watch: enqueueActions(({ context, event, enqueue }) => {
        if (event.type !== 'series.watched') return
        const source = parseActorSource(event.source)
        if (source === undefined) return
        const by = `${source.kind}/${source.id}`
        const others = context.watches.filter((one) => one.by !== by)
        const watches: Watch[] = [...others, { by, ...event.data, state: 'unmet' }]
        const problem = roomProblem(watches)
        const now = Date.parse(event.at)
        enqueue.assign(withWatches(context, problem === undefined ? watches : others, now))
        if (problem === undefined) return
        const { revision } = event.data
        const data = { revision, state: 'refused', at: event.at, value: context.value, problem } as const
        enqueue(send({ kind: source.kind, id: source.id, type: 'condition.changed', data }))
      }),
      unwatch: assign(({ context, event }) => {
        const source = parseActorSource(event.source)
        const by = source === undefined ? '' : `${source.kind}/${source.id}`
        return withWatches(
          context,
          context.watches.filter((one) => one.by !== by),
          Date.parse(event.at),
        )
      }),
      evaluate: enqueueActions(({ context, event, enqueue }) => {
        const now = Date.parse(event.at)
        const windows = context.windows.map((window) => withReadings(window, [], now))
        const view = viewOf({ ...context, windows }, now)
        const values = event.type === 'readings.taken' ? valuesOf(readingsOf(event.data, event.time, now)) : []
        const watches = context.watches.map((before) => {
          const after = evaluated(before, view, values)
          const [to = '', id = ''] = before.by.split('/')
          for (const data of changesOf(before, after, view, event.at))
            enqueue(send({ kind: to, id, type: 'condition.changed', data: { ...data } }))
          return after.watch
        })
        enqueue.assign({ windows, watches, dueAt: dueAtOf({ ...context, windows, watches }, now) })
      }),
      arm: assign({ armedFor: ({ context }) => context.dueAt }),
      disarm: assign({ armedFor: null }),
    },
  }).createMachine({
    id: SERIES_KIND,
    context: ({ input: { id } }) => ({
      value: null,
      valueAt: null,
      heardAt: null,
      readings: 0,
      late: 0,
      windows: [],
      watches: [],
      dueAt: null,
      spreadMs: spreadOf(id),
      armedFor: null,
    }),
    initial: 'quiet',
    on: {
      'readings.taken': { actions: ['take', 'evaluate'] },
      'series.watched': { actions: ['watch', 'evaluate'] },
      'series.unwatched': { actions: ['unwatch', 'evaluate'] },
    },
    states: {
      /** Time alone changes nothing. */
      quiet: { always: { guard: 'isWaiting', target: 'waiting' } },
      waiting: {
        entry: 'arm',
        exit: 'disarm',
        always: [
          { guard: 'isQuiet', target: 'quiet' },
          { guard: 'isSooner', target: 'waiting', reenter: true },
        ],
        after: { due: { target: 'waiting', reenter: true, actions: 'evaluate' } },
      },
    },
  }),
)
