import { assign, enqueueActions, setup } from 'xstate'
import { parseActorSource } from '../../../schemas/subjects.ts'
import { readingsTaken, SERIES_KIND, seriesUnwatched, seriesWatched } from '../../../schemas/trigger-events.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { send } from '../../definition/send-action.ts'
import { dueAtOf, newSeries, readingsOf, seriesContextSchema, valuesOf, viewOf, withTaken, withWatches } from './series-context.ts'
import { changesOf, conditionProblem, evaluated, roomProblem, type Watch } from './watches.ts'
import { withReadings } from './windows.ts'

/** Time between two evaluations without readings, at least. */
const EVERY_MS_MIN = 1_000

const kind = defineKind({
  name: SERIES_KIND,
  version: 1,
  context: seriesContextSchema,
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
    context: ({ input: { id } }) => newSeries(id),
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
