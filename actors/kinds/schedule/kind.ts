import { isDeepStrictEqual } from 'node:util'
import { assign, setup } from 'xstate'
import { z } from 'zod'
import { readEnvelope } from '../../../schemas/envelope.ts'
import { isAddressable, TOKEN } from '../../../schemas/subjects.ts'
import { calendarFields, calendarProblem, dueAfter, isSkipped, nextDue, PERIOD_MS_MIN } from '../../definition/calendar.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { send } from '../../definition/send-action.ts'

export const SCHEDULE_KIND = 'schedule'
/** Max size of the data of a scheduled input, as JSON: each record of the schedule has them. */
const DATA_BYTES_MAX = 16 * 1024

const token = z.string().regex(TOKEN, 'must be 1 to 128 letters, digits, - and _')
const scheduleSet = z.object({
  ...calendarFields,
  kind: token.meta({ description: 'Kind of the actor that gets the input' }),
  id: token.meta({ description: 'Id of the actor that gets the input' }),
  type: z.string().min(1).max(256).meta({ description: 'Type of the input' }),
  data: z.record(z.string(), z.unknown()).meta({ description: `Data of the input, at most ${DATA_BYTES_MAX} bytes` }),
})
/** What is due when, and for whom. */
export type Schedule = z.output<typeof scheduleSet>

export const scheduleContextSchema = z.object({
  /** Null: it is removed, or was never set. */
  schedule: scheduleSet.nullable(),
  /** The due time that comes next, ISO; null where there is none. */
  due: z.string().nullable(),
  /** Inputs sent, and due times left out, since it was set first. */
  sent: z.int().nonnegative(),
  skipped: z.int().nonnegative(),
})
type Context = z.infer<typeof scheduleContextSchema>

/** Options of the kind `schedule`. */
export interface ScheduleOptions {
  /** The shortest time between two inputs of one schedule, milliseconds. Default: a minute. */
  readonly periodMsMin?: number
}

function scheduleProblem(tenant: string, schedule: Schedule, periodMsMin: number): string | undefined {
  const { kind, id, type, data } = schedule
  const problem = calendarProblem(schedule, periodMsMin)
  if (problem !== undefined) return problem
  if (!isAddressable({ tenant, kind, id })) return `kind, id: ${kind}/${id} is no actor`
  const input = readEnvelope({ type, data })
  if (!input.ok) return input.problem
  const bytes = Buffer.byteLength(JSON.stringify(data))
  return bytes > DATA_BYTES_MAX ? `data: ${bytes} bytes; at most ${DATA_BYTES_MAX}` : undefined
}

/** A due time that is none: the timer then lies beyond all times. */
const NEVER = Infinity
const dueIn = ({ due }: Context, at: string): number => (due === null ? NEVER : Date.parse(due) - Date.parse(at))

/**
 * Creates the kind `schedule`: it sends an input to an actor of its tenant, again and again. The id of each input is its due time, so that
 * its actor takes it once, whatever happens to a host in between.
 */
export function createSchedule({ periodMsMin = PERIOD_MS_MIN }: ScheduleOptions = {}) {
  const kind = defineKind({
    name: SCHEDULE_KIND,
    version: 1,
    context: scheduleContextSchema,
    events: {
      'schedule.set': scheduleSet.describe('When to send an input to an actor'),
      'schedule.removed': z.object({}).describe('Nothing is sent any more'),
    },
    emits: {},
    tasks: {},
    label: ({ schedule, due, sent, skipped }) => ({
      conversation: false,
      every: schedule?.every ?? null,
      target: schedule === null ? null : `${schedule.kind}/${schedule.id}`,
      due,
      sent,
      skipped,
    }),
    refuse: (_, input, { tenant }) => (input.type === 'schedule.set' ? scheduleProblem(tenant, input.data, periodMsMin) : undefined),
  })
  return kind.with(
    setup({
      ...kind.xstate,
      delays: { due: ({ context, event }) => dueIn(context, event.at) },
      guards: {
        isNew: ({ context, event }) => event.type === 'schedule.set' && !isDeepStrictEqual(context.schedule, event.data),
        isSkipped: ({ context: { schedule, due }, event }) => schedule !== null && due !== null && isSkipped(schedule, due, event.at),
      },
      actions: {
        set: assign(({ context, event }) =>
          event.type === 'schedule.set' ? { schedule: event.data, due: dueAfter(event.data, event.at) ?? null } : context,
        ),
        remove: assign({ schedule: null, due: null }),
        count: assign({ sent: ({ context }) => context.sent + 1 }),
        countSkipped: assign({ skipped: ({ context }) => context.skipped + 1 }),
        goOn: assign({
          due: ({ context: { schedule, due }, event }) =>
            schedule === null || due === null ? null : (nextDue(schedule, due, event.at) ?? null),
        }),
      },
    }).createMachine({
      id: SCHEDULE_KIND,
      context: { schedule: null, due: null, sent: 0, skipped: 0 },
      initial: 'off',
      states: {
        off: { on: { 'schedule.set': { target: 'on', actions: 'set' } } },
        on: {
          after: {
            due: [
              { guard: 'isSkipped', target: 'on', reenter: true, actions: ['countSkipped', 'goOn'] },
              {
                target: 'on',
                reenter: true,
                actions: [
                  send(({ context: { schedule, due } }) => ({
                    kind: schedule?.kind ?? '',
                    id: schedule?.id ?? '',
                    type: schedule?.type ?? '',
                    data: schedule?.data ?? {},
                    eventId: due ?? undefined,
                  })),
                  'count',
                  'goOn',
                ],
              },
            ],
          },
          on: {
            'schedule.set': { guard: 'isNew', target: 'on', reenter: true, actions: 'set' },
            'schedule.removed': { target: 'off', actions: 'remove' },
          },
        },
      },
    }),
  )
}

/** The kind `schedule` as it runs in every system. */
export const scheduleKind = createSchedule()
